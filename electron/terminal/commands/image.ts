import { Command as CommanderCommand, Option } from 'commander';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';

interface PushOptions {
  readonly incomplete?: true;
  readonly tlsVerify: boolean;
  readonly creds?: values.Credentials;
  readonly username?: string;
  readonly passwordStdin?: true;
}

/** `images`, `inspect`, `push`, `export` and `rm`. */
export function imageCommands({ workingFolder, onCommand }: ProgramOptions): CommanderCommand[] {
  const imagesCommand = new CommanderCommand('images')
    .description('list the images in local storage')
    .action(() => onCommand({ kind: 'images' }));
  const inspectCommand = new CommanderCommand('inspect')
    .description('show the platforms, digests, sizes and manifest list of an image')
    .argument('<REF>', 'image', values.parseReference)
    .addHelpText('after', examples('inspect api:1.4', 'inspect api:1.4 --json'))
    .action((reference: string) => onCommand({ kind: 'inspect', reference }));
  const pushCommand = new CommanderCommand('push')
    .description('push an image with all its platforms to a registry')
    .argument('<REF>', 'image', values.parseReference)
    .argument('[DESTINATION]', 'registry/repository[:tag] (default: REF)', values.parsePushDestination)
    .addOption(
      new Option('--tls-verify [BOOLEAN]', 'false also allows plain HTTP and untrusted certificates')
        .default(true)
        .argParser(values.parseBoolean),
    )
    .option('--incomplete', 'if the newest build of REF is incomplete, store and push the platforms that are done')
    .option(
      '--creds <USER[:PASSWORD]>',
      'credentials for this push only; prompts for a missing password',
      values.parseCredentials,
    )
    .addOption(new Option('--username <USER>', 'user name for this push only').conflicts('creds'))
    .option('--password-stdin', 'read the password for --username from standard input')
    .addHelpText(
      'after',
      `\nWithout credentials, your saved podman and docker logins are used.\n${examples(
        'push registry.example.com/team/api:1.4',
        'push api:1.4 registry.example.com/team/api:1.4 --username ci --password-stdin < token',
      )}`,
    )
    .action((reference: string, destination: string | undefined, options: PushOptions) => {
      const credentials = pushCredentials(options);
      onCommand({
        kind: 'push',
        reference,
        ...(destination === undefined ? {} : { destination }),
        incomplete: options.incomplete ?? false,
        tlsVerify: options.tlsVerify,
        ...(credentials === undefined ? {} : { credentials }),
      });
    });
  const exportCommand = new CommanderCommand('export')
    .description('write an image with all its platforms to a folder or an archive')
    .argument('<REF>', 'image', values.parseReference)
    .argument('<DESTINATION>', 'oci:DIR or oci-archive:FILE', values.exportDestinationParser(workingFolder))
    .addHelpText('after', examples('export api:1.4 oci-archive:api.tar', 'export api:1.4 oci:api'))
    .action((reference: string, destination: string) => onCommand({ kind: 'export', reference, destination }));
  const rmCommand = new CommanderCommand('rm')
    .description('delete images from local storage')
    .argument('<REF...>', 'images', (text: string, previous: string[] = []) => [
      ...previous,
      values.parseReference(text),
    ])
    .addHelpText('after', examples('rm api:1.3 api:1.2'))
    .action((references: string[]) => onCommand({ kind: 'rm', references }));
  return [imagesCommand, inspectCommand, pushCommand, exportCommand, rmCommand];
}

function pushCredentials({ creds, username, passwordStdin }: PushOptions): values.Credentials | undefined {
  if (passwordStdin && username === undefined) {
    throw values.invalidInput('--password-stdin requires --username.', 'Add --username USER.');
  }
  if (username === undefined) {
    return creds;
  }
  return { username, password: { from: passwordStdin ? 'input' : 'prompt' } };
}

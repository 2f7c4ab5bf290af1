import { Command as CommanderCommand, Option } from 'commander';
import * as values from '../values.ts';
import { examples, type ProgramOptions } from './options.ts';

interface PushOptions {
  readonly tlsVerify: boolean;
  readonly creds?: values.Credentials;
  readonly username?: string;
  readonly passwordStdin?: true;
}

export function imageCommands({ folder, found }: ProgramOptions): CommanderCommand[] {
  const images = new CommanderCommand('images')
    .description('list the images in local storage')
    .action(() => found({ kind: 'images' }));
  const inspect = new CommanderCommand('inspect')
    .description('show an image: its platforms, digests, sizes and manifest list')
    .argument('<REF>', 'image', values.reference)
    .addHelpText('after', examples('inspect api:1.4', 'inspect api:1.4 --json'))
    .action((reference: string) => found({ kind: 'inspect', reference }));
  const push = new CommanderCommand('push')
    .description('push an image with all its platforms to a registry')
    .argument('<REF>', 'image', values.reference)
    .argument('[DESTINATION]', 'registry/repository[:tag]; without one, what REF names', values.destination)
    .addOption(
      new Option('--tls-verify [BOOLEAN]', 'false also allows plain http and unknown certificates')
        .default(true)
        .argParser(values.truth),
    )
    .option('--creds <USER[:PASSWORD]>', 'for this push only; asks for a missing password', values.credentials)
    .addOption(new Option('--username <USER>', 'for this push only').conflicts('creds'))
    .option('--password-stdin', 'read the password of --username from standard input')
    .addHelpText(
      'after',
      `\nWithout credentials, those that podman and docker keep are used.\n${examples(
        'push registry.example.com/team/api:1.4',
        'push api:1.4 registry.example.com/team/api:1.4 --username ci --password-stdin < token',
      )}`,
    )
    .action((reference: string, destination: string | undefined, options: PushOptions) => {
      const credentials = pushCredentials(options);
      found({
        kind: 'push',
        reference,
        ...(destination === undefined ? {} : { destination }),
        tlsVerify: options.tlsVerify,
        ...(credentials === undefined ? {} : { credentials }),
      });
    });
  const exported = new CommanderCommand('export')
    .description('write an image with all its platforms to a folder or an archive')
    .argument('<REF>', 'image', values.reference)
    .argument('<DESTINATION>', 'oci:DIR or oci-archive:FILE', values.exportDestination(folder))
    .addHelpText('after', examples('export api:1.4 oci-archive:api.tar', 'export api:1.4 oci:api'))
    .action((reference: string, destination: string) => found({ kind: 'export', reference, destination }));
  const rm = new CommanderCommand('rm')
    .description('remove images from local storage')
    .argument('<REF...>', 'images', (text: string, before: string[] = []) => [...before, values.reference(text)])
    .addHelpText('after', examples('rm api:1.3 api:1.2'))
    .action((references: string[]) => found({ kind: 'rm', references }));
  return [images, inspect, push, exported, rm];
}

function pushCredentials({ creds, username, passwordStdin }: PushOptions): values.Credentials | undefined {
  if (passwordStdin && username === undefined) {
    throw values.wrong('--password-stdin gives a password of nobody.', 'Say whose it is with --username USER.');
  }
  if (username === undefined) {
    return creds;
  }
  return { username, password: { from: passwordStdin ? 'input' : 'prompt' } };
}

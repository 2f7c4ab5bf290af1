import { Command as CommanderCommand } from 'commander';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';
import { pushCredentials, type RegistryOptions, withRegistryOptions } from './registry-options.ts';

interface PushOptions extends RegistryOptions {
  readonly incomplete?: true;
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
  const pushCommand = withRegistryOptions(new CommanderCommand('push'))
    .description('push an image with all its platforms to a registry')
    .argument('<REF>', 'image', values.parseReference)
    .argument('[DESTINATION]', 'registry/repository[:tag] (default: REF)', values.parsePushDestination)
    .option(
      '--incomplete',
      'push an image that lacks platforms; if the newest build of REF is incomplete, store the platforms that are done first',
    )
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
    .argument('[REF...]', 'images', (text: string, previous: string[] = []) => [
      ...previous,
      values.parseReference(text),
    ])
    .option('--cache', 'also delete what is kept only for later builds: layers of images that newer ones have replaced')
    .addHelpText('after', examples('rm api:1.3 api:1.2', 'rm --cache'))
    .action((references: string[] = [], { cache }: { readonly cache?: true }) => {
      if (references.length === 0 && !cache) {
        throw values.invalidInput('rm requires an image.', 'Name one or more, such as api:1.3, or add --cache.');
      }
      onCommand({ kind: 'rm', references, ...(cache ? { cache } : {}) });
    });
  return [imagesCommand, inspectCommand, pushCommand, exportCommand, rmCommand];
}

import { Command as CommanderCommand, Option } from 'commander';
import type { Platform } from '../../../shared/platform.ts';
import type { PushCredentials } from '../command.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';
import { pushCredentials, type RegistryOptions, withRegistryOptions } from './registry-options.ts';

interface PullOptions extends RegistryOptions {
  readonly tag?: string;
  readonly platform?: Platform[];
}

interface CopyOptions extends RegistryOptions {
  readonly platform?: Platform[];
  readonly merge?: true;
  readonly attachments: boolean;
  readonly srcCreds?: PushCredentials;
}

/** How commands name an image that is here or in a registry. */
export const locationHelp = 'NAME:TAG in local storage, or docker://REGISTRY/NAME:TAG';

/** The commands for images in registries: `pull`, `copy` and `tags`. */
export function remoteCommands({ onCommand }: ProgramOptions): CommanderCommand[] {
  const pull = withRegistryOptions(new CommanderCommand('pull'), { use: 'this pull' })
    .description('bring an image from a registry into local storage, with all its platforms or some')
    .argument(
      '<IMAGE>',
      'registry/repository[:tag][@digest]; without a registry: Docker Hub',
      values.parseRegistryImage,
    )
    .option('-t, --tag <REF>', 'its name in local storage (default: that of IMAGE)', values.parseReference)
    .option('--platform <PLATFORM>', 'only these platforms; may be repeated (default: all)', values.parsePlatforms)
    .addHelpText(
      'after',
      `\nA list keeps its digest if all of its platforms are pulled. Without credentials, your saved podman and docker logins are used.\n${examples(
        'pull registry.example.com/team/api:1.4',
        'pull debian:12 --platform linux/arm64 -t base:12',
      )}`,
    )
    .action((source: string, options: PullOptions) => {
      const { tag: reference, platform: platforms, tlsVerify } = options;
      const credentials = pushCredentials(options);
      onCommand({
        kind: 'pull',
        request: { source, tlsVerify, ...(reference ? { reference } : {}), ...(platforms ? { platforms } : {}) },
        ...(credentials ? { credentials } : {}),
      });
    });
  const tags = withRegistryOptions(new CommanderCommand('tags'), { use: 'this request' })
    .description('list the tags of a repository in a registry')
    .argument('<REPOSITORY>', 'registry/repository; without a registry: Docker Hub', values.parseRegistryImage)
    .addHelpText('after', examples('tags registry.example.com/team/api'))
    .action((image: string, options: RegistryOptions) => {
      const credentials = pushCredentials(options);
      onCommand({
        kind: 'tags',
        request: { image, tlsVerify: options.tlsVerify },
        ...(credentials ? { credentials } : {}),
      });
    });
  const copy = withRegistryOptions(new CommanderCommand('copy'), {
    use: 'the destination',
    tlsUse: 'all registries',
  })
    .description('copy an image between registries without keeping it here, or from and to local storage')
    .argument('<SOURCE>', locationHelp, values.parseImageLocation)
    .argument('<DESTINATION...>', 'as SOURCE', (text: string, previous: string[] = []) => [
      ...previous,
      values.parseImageLocation(text),
    ])
    .option('--platform <PLATFORM>', 'only these platforms; may be repeated (default: all)', values.parsePlatforms)
    .addOption(new Option('--all', 'all platforms, which is the default').conflicts('platform'))
    .option('--merge', 'add the images to the list that DESTINATION has, instead of replacing it')
    .option('--no-attachments', 'leave out signatures and what else describes the images in their registry')
    .option(
      '--src-creds <USER[:PASSWORD]>',
      'credentials for the source only; prompts for a missing password',
      values.parseCredentials,
    )
    .addHelpText(
      'after',
      `\nWhat the destination has is not sent, and a registry takes blobs from its own repositories. A list keeps its digest if all of its\nplatforms are copied. For several destinations, the source is read once.\n${examples(
        'copy docker://docker.io/library/debian:12 docker://registry.example.com/base/debian:12',
        'copy docker://registry.example.com/team/api:1.4 docker://eu.example.com/api:1.4 docker://us.example.com/api:1.4',
        'copy docker://registry.example.com/team/api:1.4 api:1.4 --platform linux/arm64',
      )}`,
    )
    .action((source: string, destinations: string[], options: CopyOptions) => {
      const { platform: platforms, merge, attachments, tlsVerify, srcCreds: sourceCredentials } = options;
      const credentials = pushCredentials(options);
      const ifExists = merge ? 'merge' : 'replace';
      onCommand({
        kind: 'copy',
        request: { sources: [source], ifExists, attachments, tlsVerify, ...(platforms ? { platforms } : {}) },
        destinations,
        ...(sourceCredentials ? { sourceCredentials } : {}),
        ...(credentials ? { credentials } : {}),
      });
    });
  return [pull, copy, tags];
}

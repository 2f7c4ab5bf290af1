import { Command as CommanderCommand } from 'commander';
import type { PushCredentials } from '../command.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';
import { pushCredentials, type RegistryOptions, withRegistryOptions } from './registry-options.ts';
import { locationHelp } from './remote.ts';

interface AnnotateOptions extends RegistryOptions {
  readonly platform?: string;
  readonly annotation?: Record<string, string>;
  readonly osVersion?: string;
  readonly osFeatures?: string[];
  readonly variant?: string;
}

/** `manifest`: what lists consist of, and changes of them, in local storage and in registries. */
export function manifestCommand({ onCommand }: ProgramOptions): CommanderCommand {
  const manifest = new CommanderCommand('manifest').description(
    'show and change manifest lists, in local storage and in registries',
  );

  manifest
    .addCommand(
      withRegistryOptions(new CommanderCommand('inspect'), { use: 'the registry' })
        .description('show the entries of a manifest list')
        .argument('<IMAGE>', locationHelp, values.parseImageLocation)
        .option('--raw', 'print the manifest as it is stored')
        .addHelpText('after', examples('manifest inspect docker://registry.example.com/team/api:1.4 --raw'))
        .action((image: string, options: RegistryOptions & { readonly raw?: true }) =>
          onCommand({
            kind: 'manifest.inspect',
            request: { image, tlsVerify: options.tlsVerify },
            raw: options.raw ?? false,
            ...credentialsOf(options),
          }),
        ),
    )
    .addCommand(
      withRegistryOptions(new CommanderCommand('create'), { use: 'the registry of NEW' })
        .description('join images and lists in one list; a later image replaces an earlier one of its platform')
        .argument('<NEW>', locationHelp, values.parseImageLocation)
        .argument('<IMAGE...>', locationHelp, collectLocations)
        .option('--force', 'replace an image that has the name NEW')
        .addHelpText(
          'after',
          examples(
            'manifest create docker://registry.example.com/team/api:1.4 docker://registry.example.com/team/api:1.4-amd64 api:1.4-arm64',
          ),
        )
        .action((destination: string, sources: string[], options: RegistryOptions & { readonly force?: true }) => {
          const { tlsVerify, force } = options;
          onCommand({
            kind: 'copy',
            request: { sources, ifExists: force ? 'replace' : 'refuse', attachments: true, tlsVerify },
            destinations: [destination],
            ...credentialsOf(options),
          });
        }),
    )
    .addCommand(
      withRegistryOptions(new CommanderCommand('add'), { use: 'the registry of LIST' })
        .description('add images to a list: each replaces that of its platform, and all others stay')
        .argument('<LIST>', locationHelp, values.parseImageLocation)
        .argument('<IMAGE...>', locationHelp, collectLocations)
        .addHelpText('after', examples('manifest add docker://registry.example.com/team/api:1.4 api:1.4-riscv64'))
        .action((destination: string, sources: string[], options: RegistryOptions) =>
          onCommand({
            kind: 'copy',
            request: { sources, ifExists: 'merge', attachments: true, tlsVerify: options.tlsVerify },
            destinations: [destination],
            ...credentialsOf(options),
          }),
        ),
    )
    .addCommand(
      withRegistryOptions(new CommanderCommand('remove'), { use: 'the registry' })
        .description('remove the image of a platform from a list, with what describes it')
        .argument('<LIST>', locationHelp, values.parseImageLocation)
        .argument('<PLATFORM|DIGEST>', 'which image', values.parseListTarget)
        .addHelpText(
          'after',
          `\nThe image itself stays in the registry until the registry removes what no list names.\n${examples(
            'manifest remove docker://registry.example.com/team/api:1.4 linux/386',
          )}`,
        )
        .action((image: string, target: string, options: RegistryOptions) =>
          onCommand({
            kind: 'manifest.edit',
            request: { image, tlsVerify: options.tlsVerify, edit: { kind: 'remove', target } },
            ...credentialsOf(options),
          }),
        ),
    )
    .addCommand(
      withRegistryOptions(new CommanderCommand('annotate'), { use: 'the registry' })
        .description('change annotations of a list or of one of its entries, and the platform of an entry')
        .argument('<LIST>', locationHelp, values.parseImageLocation)
        .option('--platform <PLATFORM|DIGEST>', 'which entry (default: the list itself)', values.parseListTarget)
        .option(
          '--annotation <KEY=VALUE>',
          'may be repeated; without a value, the annotation is removed',
          values.keyValueParser('--annotation', () => ''),
        )
        .option('--os-version <VERSION>', "version of the entry's system; '' removes it")
        .option(
          '--os-features <FEATURES>',
          "features of the entry's system, with commas; '' removes them",
          (text: string) => text.split(',').filter(Boolean),
        )
        .option('--variant <VARIANT>', "variant of the entry's processor; '' removes it")
        .addHelpText(
          'after',
          examples(
            'manifest annotate api:1.4 --annotation org.opencontainers.image.licenses=MIT',
            'manifest annotate docker://registry.example.com/team/api:1.4 --platform linux/arm --variant v6',
          ),
        )
        .action((image: string, options: AnnotateOptions) => {
          const { platform: target, annotation: annotations = {}, osVersion, osFeatures, variant } = options;
          const fields = [osVersion, osFeatures, variant].filter((each) => each !== undefined);
          if (fields.length > 0 && target === undefined) {
            throw values.invalidInput('A platform belongs to an entry of the list.', 'Add --platform PLATFORM.');
          }
          if (fields.length === 0 && Object.keys(annotations).length === 0) {
            throw values.invalidInput(
              'manifest annotate changes nothing.',
              'Add --annotation KEY=VALUE, --os-version, --os-features or --variant.',
            );
          }
          onCommand({
            kind: 'manifest.edit',
            request: {
              image,
              tlsVerify: options.tlsVerify,
              edit: { kind: 'annotate', target, annotations, osVersion, osFeatures, variant },
            },
            ...credentialsOf(options),
          });
        }),
    );
  return manifest;
}

function collectLocations(text: string, previous: string[] = []): string[] {
  return [...previous, values.parseImageLocation(text)];
}

function credentialsOf(options: RegistryOptions): { readonly credentials?: PushCredentials } {
  const credentials = pushCredentials(options);
  return credentials ? { credentials } : {};
}

import { Command as CommanderCommand } from 'commander';
import { maxListedDifferences } from '../../../shared/compare.ts';
import type { Platform } from '../../../shared/platform.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';
import { pushCredentials, type RegistryOptions, withRegistryOptions } from './registry-options.ts';

interface CompareOptions extends RegistryOptions {
  readonly platform?: Platform[];
  readonly files?: boolean;
  readonly limit: number;
}

/** `bases`: the base images of builds. */
export function basesCommand({ onCommand }: ProgramOptions): CommanderCommand {
  return new CommanderCommand('bases')
    .description('list the base images of the newest builds, and whether their registries have newer ones')
    .option('--check', 'ask the registries now, with saved logins; otherwise what was found last is shown')
    .addHelpText('after', examples('bases --check', 'schedule add --cron @daily --only-if-base-newer -t api:1.4 ./api'))
    .action(({ check = false }: { readonly check?: boolean }) => onCommand({ kind: 'bases', check }));
}

/** `compare`: what differs between two images. */
export function compareCommand({ onCommand }: ProgramOptions): CommanderCommand {
  const sideHelp = 'NAME:TAG in local storage, docker://REGISTRY/NAME:TAG, or the id of a build';
  return withRegistryOptions(new CommanderCommand('compare'), { use: 'the registries' })
    .description('show what differs between two images: platforms, layers, configuration, packages and files')
    .argument('<A>', sideHelp)
    .argument('<B>', 'as A')
    .option('--platform <PLATFORM>', 'only these platforms; may be repeated (default: all)', values.parsePlatforms)
    .option('--files', 'fetch layers that are only in a registry, to compare packages and files; nothing of them stays')
    .option('--no-files', 'compare neither packages nor files')
    .option('--limit <N>', 'differences of each kind that are printed', parseLimit, 20)
    .addHelpText(
      'after',
      examples(
        'compare api:1.3 api:1.4',
        'compare api:1.4 docker://registry.example.com/team/api:1.4 --platform linux/arm64 --files',
        'compare 20260301-101500-k3f 20260302-091200-p7q --limit 100',
      ),
    )
    .action((a: string, b: string, options: CompareOptions) => {
      const { platform: platforms, files, limit, tlsVerify } = options;
      const credentials = pushCredentials(options);
      onCommand({
        kind: 'compare',
        request: {
          ...{ a, b, tlsVerify, files: files === undefined ? 'here' : files ? 'fetch' : 'none' },
          ...(platforms ? { platforms } : {}),
        },
        limit,
        ...(credentials ? { credentials } : {}),
      });
    });
}

function parseLimit(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > maxListedDifferences) {
    throw values.invalidInput(`"${text}" is not a valid limit.`, `Use a number from 0 to ${maxListedDifferences}.`);
  }
  return Number(text);
}

import { Command as CommanderCommand, Option } from 'commander';
import type { PushCompression } from '../../../shared/push.ts';
import { createExportCommand } from './export.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';
import { pushCredentials, type RegistryOptions, withRegistryOptions } from './registry-options.ts';

interface PushOptions extends RegistryOptions {
  readonly incomplete?: true;
  readonly merge?: true;
  readonly compression?: PushCompression['format'];
  readonly compressionLevel?: number;
  readonly forceCompression?: true;
}

/** `images`, `push`, `export` and `rm`. */
export function imageCommands({ workingFolder, onCommand }: ProgramOptions): CommanderCommand[] {
  const imagesCommand = new CommanderCommand('images')
    .description('list the images in local storage')
    .addHelpText('after', examples('images', 'images --json'))
    .action(() => onCommand({ kind: 'images' }));
  const pushCommand = withRegistryOptions(new CommanderCommand('push'))
    .description('push an image with all its platforms to a registry')
    .argument('<REF>', 'image', values.parseReference)
    .argument('[DESTINATION...]', 'registry/repository[:tag], once or several times (default: REF)', parseDestinations)
    .option(
      '--incomplete',
      'push an image that lacks platforms; if the newest build of REF is incomplete, store the platforms that are done first',
    )
    .option(
      '--merge',
      'add the images to the list that DESTINATION has: each replaces that of its platform, and all others stay',
    )
    .addOption(
      new Option(
        '--compression <FORMAT>',
        'compress layers of another compression anew; the default is to push them as they are',
      ).argParser(parseCompression),
    )
    .option('--compression-level <N>', 'gzip: 1 to 9; zstd: 1 to 22', parseLevel)
    .option('--force-compression', 'also compress layers anew that have this compression')
    .addHelpText(
      'after',
      `\nWithout credentials, saved logins are used: those of barnraiser login, podman and docker.\n${examples(
        'push registry.example.com/team/api:1.4',
        'push api:1.4-arm64 registry.example.com/team/api:1.4 --merge',
        'push api:1.4 registry.example.com/team/api:1.4 --username ci --password-stdin < token',
        'push api:1.4 registry.example.com/team/api:1.4 registry.example.com/team/api:latest ghcr.io/team/api:1.4',
        'push api:1.4 registry.example.com/team/api:1.4 --compression zstd',
      )}`,
    )
    .action((reference: string, destinations: string[] = [], options: PushOptions) => {
      const compression = compressionOf(options);
      const credentials = pushCredentials(options);
      onCommand({
        kind: 'push',
        reference,
        destinations,
        ...(compression ? { compression } : {}),
        incomplete: options.incomplete ?? false,
        merge: options.merge ?? false,
        tlsVerify: options.tlsVerify,
        ...(credentials === undefined ? {} : { credentials }),
      });
    });
  const exportCommand = createExportCommand({ workingFolder, onCommand });
  const rmCommand = new CommanderCommand('rm')
    .description('delete images from local storage')
    .argument('[REF...]', 'images', (text: string, previous: string[] = []) => [
      ...previous,
      values.parseReference(text),
    ])
    .option('--all', 'delete all images')
    .option('--cache', 'also delete what is kept only for later builds: layers of images that newer ones have replaced')
    .addHelpText('after', examples('rm api:1.3 api:1.2', 'rm --cache', 'rm --all --cache'))
    .action((references: string[] = [], { all, cache }: { readonly all?: true; readonly cache?: true }) => {
      if (references.length > 0 && all) {
        throw values.invalidInput('rm --all goes with no image.', 'Name images, or use --all.');
      }
      if (references.length === 0 && !cache && !all) {
        throw values.invalidInput(
          'rm requires an image.',
          'Name one or more, such as api:1.3, or add --all or --cache.',
        );
      }
      onCommand({ kind: 'rm', references, ...(all ? { all } : {}), ...(cache ? { cache } : {}) });
    });
  return [imagesCommand, pushCommand, exportCommand, rmCommand];
}

function parseDestinations(text: string, previous: string[] = []): string[] {
  return [...new Set([...previous, values.parsePushDestination(text)])];
}

function parseCompression(text: string): PushCompression['format'] {
  if (text === 'gzip' || text === 'zstd') {
    return text;
  }
  throw text === 'zstd:chunked'
    ? values.invalidInput(
        'zstd:chunked is not possible here: it needs an index of the files in each layer, which podman makes when it stores one.',
        'Use zstd. podman push --compression-format zstd:chunked makes such layers.',
      )
    : values.invalidInput(`"${text}" is not a valid compression.`, 'Use gzip or zstd.');
}

function parseLevel(text: string): number {
  const level = Number(text);
  if (!/^\d+$/.test(text) || level < 1 || level > 22) {
    throw values.invalidInput(`"${text}" is not a valid compression level.`, 'Use 1 to 9 for gzip, 1 to 22 for zstd.');
  }
  return level;
}

/** @throws Failure `input.invalid` */
function compressionOf({ compression, compressionLevel, forceCompression }: PushOptions): PushCompression | undefined {
  if (compression === undefined) {
    if (compressionLevel !== undefined || forceCompression) {
      throw values.invalidInput(
        `--${forceCompression ? 'force-compression' : 'compression-level'} requires --compression.`,
        'Add --compression gzip or --compression zstd.',
      );
    }
    return undefined;
  }
  if (compression === 'gzip' && compressionLevel !== undefined && compressionLevel > 9) {
    throw values.invalidInput(`${compressionLevel} is not a valid level of gzip.`, 'Use 1 to 9.');
  }
  return {
    format: compression,
    ...(compressionLevel === undefined ? {} : { level: compressionLevel }),
    ...(forceCompression ? { force: true } : {}),
  };
}

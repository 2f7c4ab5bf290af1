import { existsSync } from 'node:fs';
import { Command as CommanderCommand, Option } from 'commander';
import { type ImageFormat, imageFormatSchema, type PullPolicy } from '../../../shared/build.ts';
import type { CallInput } from '../../../shared/contract.ts';
import { parseReference } from '../../../shared/image.ts';
import type { Platform } from '../../../shared/platform.ts';
import { descriptorOf } from '../text-input.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';
import { pushCredentials, type RegistryOptions, withRegistryOptions } from './registry-options.ts';

interface BuildOptions extends RegistryOptions {
  /** Empty: to the registry that the reference names. */
  readonly push?: string;
  readonly direct?: true;
  readonly farm?: string;
  readonly node?: string[];
  readonly platform?: Platform[];
  readonly pin?: Record<Platform, string>;
  readonly tag?: string;
  readonly file?: string;
  readonly buildArg?: Record<string, string>;
  readonly label?: Record<string, string>;
  readonly target?: string;
  readonly cache: boolean;
  readonly skip: boolean;
  readonly pull: PullPolicy;
  readonly emulation: boolean;
  readonly allowPlatformMismatch?: true;
  readonly format?: ImageFormat;
  readonly keep?: true;
  readonly cleanup?: true;
  readonly iidfile?: string;
}

interface RetryOptions extends Omit<RegistryOptions, 'tlsVerify'> {
  readonly platform?: Platform[];
  readonly iidfile?: string;
}

interface LogsOptions {
  readonly last?: true;
  readonly follow?: true;
}

interface BuildsOptions {
  readonly limit: number;
  readonly all?: true;
}

/** `build`, `retry`, `cancel`, `builds`, `logs`, `graph` and `sample`. */
export function buildCommands({ env, workingFolder, onCommand }: ProgramOptions): CommanderCommand[] {
  const parsePath = values.pathParser(workingFolder);
  const buildCommand = withRegistryOptions(new CommanderCommand('build'))
    .description('build an image for all platforms of a farm and store it as one manifest list')
    .argument('<CONTEXT>', 'project folder', values.contextParser(workingFolder))
    .option(
      '-t, --tag <REF>',
      'name of the image: [registry/]repository[:tag] (default: the next version, or the name of the folder)',
      values.singleValueParser(
        '-t',
        values.parseReference,
        'A build has one name. To push it under another name, use `barnraiser push REF DESTINATION`.',
      ),
    )
    .addOption(
      new Option('--farm <FARM>', 'farm to build on (default: the default farm, or all connections)')
        .argParser(values.parseName)
        .conflicts('node'),
    )
    .option('--node <CONNECTIONS>', 'connections to build on instead of a farm: a,b', values.parseNames)
    .option(
      '--platform <PLATFORMS>',
      'platforms to build: a,b (default: every platform that a node runs natively)',
      values.parsePlatforms,
    )
    .option('--pin <PLATFORM=NODE>', 'build this platform on this node', values.parsePins)
    .option(
      '-f, --file <FILE>',
      'Containerfile or Dockerfile, relative to the current folder or to CONTEXT; - reads it from standard input',
      values.singleValueParser('-f', String, 'A build has one Containerfile.'),
    )
    .option(
      '--build-arg <KEY[=VALUE]>',
      'build argument; without =VALUE, the value comes from the environment',
      values.keyValueParser('--build-arg', (key) => env[key]),
    )
    .option(
      '--label <KEY[=VALUE]>',
      'label of the image',
      values.keyValueParser('--label', () => ''),
    )
    .option('--target <STAGE>', 'stage to build')
    .option('--no-cache', 'build without cache')
    .option('--no-skip', 'build platforms although nothing has changed since the last build')
    .addOption(
      new Option('--pull [POLICY]', 'when to pull base images: missing, always, never or newer')
        .default('missing')
        .argParser(values.parsePullPolicy),
    )
    .option('--no-emulation', 'build only on native nodes')
    .addOption(
      new Option('--format <FORMAT>', 'format of the images; HEALTHCHECK, ONBUILD and SHELL need docker')
        .choices(imageFormatSchema.options)
        .default('oci'),
    )
    .option('--allow-platform-mismatch', 'store images although their programs are for another platform')
    .addOption(new Option('--keep', 'keep the image on its node, tagged').conflicts('cleanup'))
    .option('--cleanup', 'leave nothing on the nodes, not even a build cache')
    .option('--iidfile <FILE>', 'write the digest of the manifest list to a file', parsePath)
    .option(
      '--push [DESTINATION]',
      'push the image, too, its layers while others are built (default: to the registry of -t)',
      (text: string) => (text === '' ? '' : values.parsePushDestination(text)),
    )
    .option(
      '--direct',
      'with --push: nodes push to the registry themselves, with your login; the image is not stored here, and the programs in its layers are not checked',
    )
    .addHelpText(
      'after',
      examples(
        'build -t api:1.4 .',
        'build -t api:1.4 --push=registry.example.com/team/api:1.4 .',
        'build -t registry.example.com/team/api:1.4 --push --direct .',
        'build .',
        'build --farm pis -t registry.example.com/team/api:1.4 --platform linux/amd64,linux/arm64 .',
        'build --node big,pi4 -t api -f deploy/Containerfile --build-arg VERSION=1.4 --pull=newer ./api',
      ),
    )
    .action((context: string, options: BuildOptions) => {
      const { tag, farm, node, platform, pin, file, target, iidfile } = options;
      const descriptor = file === undefined ? undefined : descriptorOf(file);
      const push = pushOf(options);
      const credentials = pushCredentials(options);
      if (descriptor === 0 && credentials?.password.from === 'input') {
        throw values.invalidInput(
          '-f - and --password-stdin cannot be used together: both read standard input.',
          'Use a file, or --creds USER to be prompted for the password.',
        );
      }
      onCommand({
        kind: 'build',
        request: {
          context,
          ...(tag === undefined ? {} : { reference: tag }),
          ...(farm === undefined ? {} : { farm }),
          ...(node === undefined ? {} : { connections: node }),
          ...(platform === undefined ? {} : { platforms: platform }),
          ...(pin === undefined ? {} : { pins: pin }),
          ...(file === undefined || descriptor !== undefined
            ? {}
            : { file: findContainerfile(file, workingFolder, context) }),
          ...(target === undefined ? {} : { target }),
          emulate: options.emulation,
          ...(options.format === 'docker' ? { format: options.format } : {}),
          ...(options.allowPlatformMismatch ? { allowPlatformMismatch: true } : {}),
          buildArgs: options.buildArg ?? {},
          labels: options.label ?? {},
          noCache: !options.cache,
          ...(options.skip ? {} : { skip: false }),
          pull: options.pull,
          retention: options.keep ? 'tagged' : options.cleanup ? 'nothing' : 'cache',
          ...(push === undefined ? {} : { push }),
        },
        ...(credentials === undefined ? {} : { credentials }),
        ...(descriptor === undefined ? {} : { containerfileFrom: descriptor }),
        ...(iidfile === undefined ? {} : { digestFile: iidfile }),
      });
    });
  const retryCommand = withRegistryOptions(new CommanderCommand('retry'), { tls: false })
    .description('build the platforms of a build that failed or were cancelled, and use the finished ones')
    .argument('<BUILD>', 'id of the build, as listed by `barnraiser builds`')
    .option('--platform <PLATFORMS>', 'build these platforms again although they are done: a,b', values.parsePlatforms)
    .option('--iidfile <FILE>', 'write the digest of the manifest list to a file', parsePath)
    .addHelpText('after', examples('retry 20260102-150405-a1b2', 'retry 20260102-150405-a1b2 --platform linux/arm64'))
    .action((id: string, { platform, iidfile, ...options }: RetryOptions) => {
      const credentials = pushCredentials(options);
      onCommand({
        kind: 'retry',
        request: { id, ...(platform === undefined ? {} : { platforms: platform }) },
        ...(credentials === undefined ? {} : { credentials }),
        ...(iidfile === undefined ? {} : { digestFile: iidfile }),
      });
    });
  const buildsCommand = new CommanderCommand('builds')
    .description('list builds, newest first')
    .argument('[TEXT...]', 'only builds with these words in their reference, project, farm, platforms, nodes or status')
    .option('-n, --limit <NUMBER>', 'how many builds to list', values.parseLimit, 50)
    .addOption(new Option('--all', 'list all builds').conflicts('limit'))
    .addHelpText('after', examples('builds', 'builds api failed', 'builds --all'))
    .action((words: string[], { limit, all }: BuildsOptions) =>
      onCommand({ kind: 'builds', text: words.join(' '), ...(all ? {} : { limit }) }),
    );
  buildsCommand
    .command('rm')
    .alias('remove')
    .description('delete ended builds and their logs; their images are kept')
    .argument('<BUILD...>', 'ids of the builds, as listed by `barnraiser builds`')
    .addHelpText('after', examples('builds rm 20260102-150405-a1b2'))
    .action((ids: string[]) => onCommand({ kind: 'builds.remove', ids: [...new Set(ids)] }));
  const cancelCommand = new CommanderCommand('cancel')
    .description('cancel a running build, or one of its platforms')
    .argument('<BUILD>', 'id of the build, as listed by `barnraiser builds`')
    .argument('[PLATFORM]', 'platform (default: the whole build)', values.parsePlatformOption)
    .addHelpText('after', examples('cancel 20260102-150405-a1b2', 'cancel 20260102-150405-a1b2 linux/arm64'))
    .action((build: string, platform?: Platform) =>
      onCommand({ kind: 'cancel', build, ...(platform === undefined ? {} : { platform }) }),
    );
  const logsCommand = new CommanderCommand('logs')
    .description('print the logs of a build')
    .argument('[BUILD]', 'id of the build, as listed by `barnraiser builds` (default: the newest build)')
    .argument('[PLATFORM]', 'platform (default: all platforms, one after another)')
    .option('--last', 'of the newest build')
    .option('-f, --follow', 'print new lines until the build has ended')
    .addHelpText(
      'after',
      examples('logs', 'logs --follow', 'logs linux/arm64', 'logs 20260102-150405-a1b2 linux/arm64'),
    )
    .action((first: string | undefined, second: string | undefined, { last, follow }: LogsOptions) => {
      // an id has no slash, and a platform has one
      const isPlatform = first !== undefined && second === undefined && (last || first.includes('/'));
      const [build, platform] = isPlatform ? [undefined, first] : [first, second];
      if (last && build !== undefined) {
        throw values.invalidInput('BUILD and --last cannot be used together.', 'Use only one of them.');
      }
      onCommand({
        kind: 'logs',
        ...(build === undefined ? {} : { build }),
        ...(platform === undefined ? {} : { platform: values.parsePlatformOption(platform) }),
        follow: follow ?? false,
      });
    });
  const graphCommand = new CommanderCommand('graph')
    .description('print the stages and steps of a build as a Mermaid flowchart')
    .argument('[BUILD]', 'id of the build (default: the newest)')
    .addHelpText('after', examples('graph', 'graph 20260102-150405-a1b2 > build.mmd'))
    .action((build: string | undefined) => onCommand({ kind: 'graph', ...(build === undefined ? {} : { build }) }));
  const sampleCommand = new CommanderCommand('sample')
    .description('create a small sample project')
    .argument('[FOLDER]', 'folder to create (default: a folder in the data folder)', parsePath)
    .addHelpText('after', examples('sample ./hello'))
    .action((folder: string | undefined) => onCommand({ kind: 'sample', ...(folder === undefined ? {} : { folder }) }));
  return [buildCommand, retryCommand, cancelCommand, buildsCommand, logsCommand, graphCommand, sampleCommand];
}

/** @throws Failure `input.invalid` */
function pushOf(options: BuildOptions): CallInput<'builds.start'>['push'] {
  const { push, tag, direct, tlsVerify, creds, username } = options;
  if (push === undefined) {
    if (direct || !tlsVerify || creds || username !== undefined) {
      throw values.invalidInput('The options for a registry require --push.', 'Add --push, or leave them out.');
    }
    return undefined;
  }
  const named = push || tag;
  const parsed = named === undefined ? undefined : parseReference(named);
  if (typeof parsed === 'object' && !parsed.registry) {
    throw values.invalidInput(
      `"${named}" does not name a registry to push to.`,
      `Use --push=registry.example.com/team/${named}.`,
    );
  }
  return { tlsVerify, ...(push === '' ? {} : { destination: push }), ...(direct ? { direct } : {}) };
}

/** Resolves `-f` as podman does: relative to the working folder, or to the context if only that file exists. */
function findContainerfile(file: string, workingFolder: string, context: string): string {
  const inWorkingFolder = values.pathParser(workingFolder)(file);
  const inContext = values.pathParser(context)(file);
  return !existsSync(inWorkingFolder) && existsSync(inContext) ? inContext : inWorkingFolder;
}

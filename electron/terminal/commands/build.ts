import { existsSync } from 'node:fs';
import { Command as CommanderCommand, Option } from 'commander';
import type { PullPolicy } from '../../../shared/build.ts';
import type { Platform } from '../../../shared/platform.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';

interface BuildOptions {
  readonly farm?: string;
  readonly node?: string[];
  readonly platform?: Platform[];
  readonly pin?: Record<Platform, string>;
  readonly tag: string;
  readonly file?: string;
  readonly buildArg?: Record<string, string>;
  readonly label?: Record<string, string>;
  readonly target?: string;
  readonly cache: boolean;
  readonly pull: PullPolicy;
  readonly emulation: boolean;
  readonly keep?: true;
  readonly cleanup?: true;
  readonly iidfile?: string;
}

interface RetryOptions {
  readonly platform?: Platform[];
  readonly iidfile?: string;
}

interface BuildsOptions {
  readonly limit: number;
  readonly all?: true;
}

/** `build`, `retry`, `builds`, `logs` and `sample`. */
export function buildCommands({ env, workingFolder, onCommand }: ProgramOptions): CommanderCommand[] {
  const parsePath = values.pathParser(workingFolder);
  const buildCommand = new CommanderCommand('build')
    .description('build an image for all platforms of a farm and store it as one manifest list')
    .argument('<CONTEXT>', 'project folder', values.contextParser(workingFolder))
    .requiredOption(
      '-t, --tag <REF>',
      'name of the image: [registry/]repository[:tag]',
      values.singleValueParser(
        '-t',
        values.parseReference,
        'A build has one name. To push it under another name, use `barnraiser push REF DESTINATION`.',
      ),
    )
    .addOption(
      new Option('--farm <NAME>', 'farm to build on (default: the default farm, or all connections)')
        .argParser(values.parseName)
        .conflicts('node'),
    )
    .option('--node <LIST>', 'connections to build on instead of a farm: a,b', values.parseNames)
    .option(
      '--platform <LIST>',
      'platforms to build: a,b (default: every platform that a node runs natively)',
      values.parsePlatforms,
    )
    .option('--pin <PLATFORM=NODE>', 'build this platform on this node', values.parsePins)
    .option(
      '-f, --file <FILE>',
      'Containerfile or Dockerfile, relative to the current folder or to CONTEXT',
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
    .addOption(
      new Option('--pull [POLICY]', 'when to pull base images: missing, always, never or newer')
        .default('missing')
        .argParser(values.parsePullPolicy),
    )
    .option('--no-emulation', 'build only on native nodes')
    .addOption(new Option('--keep', 'keep the image on its node, tagged').conflicts('cleanup'))
    .option('--cleanup', 'leave nothing on the nodes, not even a build cache')
    .option('--iidfile <FILE>', 'write the digest of the manifest list to a file', parsePath)
    .addHelpText(
      'after',
      examples(
        'build -t api:1.4 .',
        'build --farm pis -t registry.example.com/team/api:1.4 --platform linux/amd64,linux/arm64 .',
        'build --node big,pi4 -t api -f deploy/Containerfile --build-arg VERSION=1.4 --pull=newer ./api',
      ),
    )
    .action((context: string, options: BuildOptions) => {
      const { tag, farm, node, platform, pin, file, target, iidfile } = options;
      onCommand({
        kind: 'build',
        request: {
          context,
          reference: tag,
          ...(farm === undefined ? {} : { farm }),
          ...(node === undefined ? {} : { connections: node }),
          ...(platform === undefined ? {} : { platforms: platform }),
          ...(pin === undefined ? {} : { pins: pin }),
          ...(file === undefined ? {} : { file: findContainerfile(file, workingFolder, context) }),
          ...(target === undefined ? {} : { target }),
          emulate: options.emulation,
          buildArgs: options.buildArg ?? {},
          labels: options.label ?? {},
          noCache: !options.cache,
          pull: options.pull,
          retention: options.keep ? 'tagged' : options.cleanup ? 'nothing' : 'cache',
        },
        ...(iidfile === undefined ? {} : { digestFile: iidfile }),
      });
    });
  const retryCommand = new CommanderCommand('retry')
    .description('build the platforms of a build that failed or were cancelled, and use the finished ones')
    .argument('<BUILD>', 'id of the build, as listed by `barnraiser builds`')
    .option('--platform <LIST>', 'build these platforms again although they are done: a,b', values.parsePlatforms)
    .option('--iidfile <FILE>', 'write the digest of the manifest list to a file', parsePath)
    .addHelpText('after', examples('retry 20260102-150405-a1b2', 'retry 20260102-150405-a1b2 --platform linux/arm64'))
    .action((id: string, { platform, iidfile }: RetryOptions) =>
      onCommand({
        kind: 'retry',
        request: { id, ...(platform === undefined ? {} : { platforms: platform }) },
        ...(iidfile === undefined ? {} : { digestFile: iidfile }),
      }),
    );
  const buildsCommand = new CommanderCommand('builds')
    .description('list builds, newest first')
    .argument('[TEXT...]', 'only builds with these words in their reference, project, farm, platforms, nodes or status')
    .option('-n, --limit <NUMBER>', 'how many builds to list', values.parseLimit, 50)
    .addOption(new Option('--all', 'list all builds').conflicts('limit'))
    .addHelpText('after', examples('builds', 'builds api failed', 'builds --all'))
    .action((words: string[], { limit, all }: BuildsOptions) =>
      onCommand({ kind: 'builds', text: words.join(' '), ...(all ? {} : { limit }) }),
    );
  const logsCommand = new CommanderCommand('logs')
    .description('print the logs of a build')
    .argument('<BUILD>', 'id of the build, as listed by `barnraiser builds`')
    .argument('[PLATFORM]', 'platform (default: all platforms, one after another)', values.parsePlatformOption)
    .addHelpText('after', examples('logs 20260102-150405-a1b2 linux/arm64'))
    .action((id: string, platform?: Platform) =>
      onCommand({ kind: 'logs', build: id, ...(platform === undefined ? {} : { platform }) }),
    );
  const sampleCommand = new CommanderCommand('sample')
    .description('create a small sample project')
    .argument('[FOLDER]', 'folder to create (default: a folder in the data folder)', parsePath)
    .addHelpText('after', examples('sample ./hello'))
    .action((folder: string | undefined) => onCommand({ kind: 'sample', ...(folder === undefined ? {} : { folder }) }));
  return [buildCommand, retryCommand, buildsCommand, logsCommand, sampleCommand];
}

/** Resolves `-f` as podman does: relative to the working folder, or to the context if only that file exists. */
function findContainerfile(file: string, workingFolder: string, context: string): string {
  const inWorkingFolder = values.pathParser(workingFolder)(file);
  const inContext = values.pathParser(context)(file);
  return !existsSync(inWorkingFolder) && existsSync(inContext) ? inContext : inWorkingFolder;
}

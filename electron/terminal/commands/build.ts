import { existsSync } from 'node:fs';
import { Command as CommanderCommand, Option } from 'commander';
import type { PullPolicy } from '../../../shared/build.ts';
import type { Platform } from '../../../shared/platform.ts';
import * as values from '../values.ts';
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

export function buildCommands({ env, folder, found }: ProgramOptions): CommanderCommand[] {
  const path = values.path(folder);
  const build = new CommanderCommand('build')
    .description('build an image for every platform of a farm, and keep it as one manifest list')
    .argument('<CONTEXT>', "the project's folder", values.context(folder))
    .requiredOption(
      '-t, --tag <REF>',
      'name of the image: [registry/]repository[:tag]',
      values.once('-t', values.reference, 'A build has one name; give it others with `barnraiser push REF OTHER`.'),
    )
    .addOption(
      new Option('--farm <NAME>', 'farm to build on; without one the default, else every connection')
        .argParser(values.name)
        .conflicts('node'),
    )
    .option('--node <LIST>', 'connections to build on instead: a,b', values.names)
    .option('--platform <LIST>', 'platforms: a,b; without them, all that the nodes run natively', values.platforms)
    .option('--pin <PLATFORM=NODE>', 'build a platform on this connection', values.pins)
    .option(
      '-f, --file <FILE>',
      'Containerfile or Dockerfile, from here or from CONTEXT',
      values.once('-f', String, 'A build has one Containerfile.'),
    )
    .option(
      '--build-arg <KEY[=VALUE]>',
      'value of an ARG; without =VALUE that of the environment',
      values.keyed('--build-arg', (key) => env[key]),
    )
    .option(
      '--label <KEY[=VALUE]>',
      'label of the image',
      values.keyed('--label', () => ''),
    )
    .option('--target <STAGE>', 'stage to build')
    .option('--no-cache', 'run every step anew')
    .addOption(
      new Option('--pull [POLICY]', 'when to fetch base images: missing, always, never or newer')
        .default('missing')
        .argParser(values.pullPolicy),
    )
    .option('--no-emulation', 'build every platform natively or not at all')
    .addOption(new Option('--keep', 'leave the image on the nodes under its name').conflicts('cleanup'))
    .option('--cleanup', 'leave nothing on the nodes, and no cache either')
    .option('--iidfile <FILE>', 'write the digest of the manifest list to a file', path)
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
      found({
        kind: 'build',
        request: {
          context,
          reference: tag,
          ...(farm === undefined ? {} : { farm }),
          ...(node === undefined ? {} : { connections: node }),
          ...(platform === undefined ? {} : { platforms: platform }),
          ...(pin === undefined ? {} : { pins: pin }),
          ...(file === undefined ? {} : { file: containerfile(file, path, context) }),
          ...(target === undefined ? {} : { target }),
          emulate: options.emulation,
          buildArgs: options.buildArg ?? {},
          labels: options.label ?? {},
          noCache: !options.cache,
          pull: options.pull,
          residue: options.keep ? 'keep' : options.cleanup ? 'cleanup' : 'cache',
        },
        ...(iidfile === undefined ? {} : { digestFile: iidfile }),
      });
    });
  const builds = new CommanderCommand('builds')
    .description('list the builds that were run here')
    .action(() => found({ kind: 'builds' }));
  const logs = new CommanderCommand('logs')
    .description('print what the nodes said in a build')
    .argument('<BUILD>', 'id of a build, as `barnraiser builds` lists them')
    .argument('[PLATFORM]', 'without one: all of them, one after another', values.platform)
    .addHelpText('after', examples('logs 20260102-150405-a1b2 linux/arm64'))
    .action((id: string, platform?: Platform) =>
      found({ kind: 'logs', build: id, ...(platform === undefined ? {} : { platform }) }),
    );
  const sample = new CommanderCommand('sample')
    .description('write a small project to try a build with')
    .argument('[FOLDER]', 'where to; without it, the data folder', path)
    .addHelpText('after', examples('sample ./hello'))
    .action((target: string | undefined) =>
      found({ kind: 'sample', ...(target === undefined ? {} : { folder: target }) }),
    );
  return [build, builds, logs, sample];
}

/** As podman does, -f means a file from where the person is; where there is none, one in the context. */
function containerfile(file: string, path: (text: string) => string, context: string): string {
  const here = path(file);
  const inContext = values.path(context)(file);
  return !existsSync(here) && existsSync(inContext) ? inContext : here;
}

import { Command as CommanderCommand, Option } from 'commander';
import type { CallInput } from '../../../shared/contract.ts';
import { type EquivalentKind, equivalentKindSchema } from '../../../shared/equivalent.ts';
import { parseReference } from '../../../shared/image.ts';
import type { Platform } from '../../../shared/platform.ts';
import { type LintLevel, lintLevels } from '../command.ts';
import { descriptorOf } from '../text-input.ts';
import { givenOptions, withBuildOptions } from './build-options.ts';
import { contextParser, findContainerfile } from './context-options.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';
import { pushCredentials, type RegistryOptions, withRegistryOptions } from './registry-options.ts';

interface BuildOptions extends RegistryOptions {
  readonly recipe: boolean;
  /** Destinations. An empty one: to the registry that the reference names. */
  readonly push?: readonly string[] | undefined;
  readonly direct?: true;
  readonly load?: true;
  readonly farm?: string;
  readonly node?: string[];
  readonly platform?: Platform[];
  readonly optional?: Platform[];
  readonly pin?: Record<Platform, string>;
  /** The first is the name of the image, the others are further names. */
  readonly tag?: readonly string[];
  readonly check?: true;
  readonly dryRun?: true;
  readonly lint?: LintLevel;
  readonly equivalent?: EquivalentKind;
}

interface RetryOptions extends Omit<RegistryOptions, 'tlsVerify'> {
  readonly platform?: Platform[];
  readonly iidfile?: string;
}

interface ResumeOptions extends Omit<RegistryOptions, 'tlsVerify'> {
  readonly changed?: true;
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

/** `build`. Other commands begin builds of the same options later: what is parsed is always a `build`. */
export function createBuildCommand(
  { env, workingFolder, onCommand }: ProgramOptions,
  name = 'build',
  project = 'project: a folder, a tar, the URL of a git repository, or - for a tar or a Containerfile from standard input',
): CommanderCommand {
  const flagContext = { env, workingFolder };
  const buildCommand = withRegistryOptions(new CommanderCommand(name))
    .description('build an image for all platforms of a farm and store it as one manifest list')
    .argument('<CONTEXT>', project, contextParser(workingFolder))
    .option(
      '-t, --tag <REF>',
      'name of the image: [registry/]repository[:tag] (default: the next version, or the name of the folder; repeatable)',
      (text: string, previous: readonly string[] = []) => [...new Set([...previous, values.parseReference(text)])],
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
    .option(
      '--optional <PLATFORMS>',
      'platforms to build, without which the build is done all the same if they fail or no node can build them: a,b',
      values.parsePlatforms,
    )
    .option('--pin <PLATFORM=NODE>', 'build this platform on this node', values.parsePins)
    .addOption(
      new Option('--equivalent <TOOL>', 'print what builds the same with this tool, and build nothing').choices(
        equivalentKindSchema.options,
      ),
    )
    .option('--no-recipe', 'leave out the options of barnraiser.json and of what the app keeps for the project')
    .option(
      '--push [DESTINATION]',
      'push the image, too, its layers while others are built (default: to the registry of -t; repeatable)',
      (text: string, previous: readonly string[] = []) => [
        ...previous,
        text === '' ? '' : values.parsePushDestination(text),
      ],
    )
    .option(
      '--direct',
      'with --push: nodes push to the registry themselves, with your login; the image is not stored here, and the programs in its layers are not checked',
    )
    .option('--load', 'load the image into docker or podman of this computer, too')
    .addOption(
      new Option(
        '--dry-run',
        'only print which node would build which platform, why, and how long that takes',
      ).conflicts(['check', 'equivalent']),
    )
    .option('--check', 'only check the Containerfile, as `barnraiser lint` does')
    .addOption(
      new Option(
        '--lint <LEVEL>',
        'with warnings about the Containerfile: build, do not build, or do not show them',
      ).choices(lintLevels),
    )
    .action((context: string, options: BuildOptions) => {
      const { tag: [reference, ...furtherNames] = [], farm, node, platform, optional, pin } = options;
      const { values: all, automatic, files, ...given } = givenOptions(buildCommand, flagContext);
      const { outputs: texts = [], ...set } = all;
      const { outputs, pushes } = values.splitOutputs([...texts, ...(options.load ? ['load'] : [])]);
      // without outputs, those of the recipe count
      const chosen = { ...set, ...(outputs.length > 0 ? { outputs } : {}) };
      const push = pushOf({ ...options, push: options.push ?? (pushes.length > 0 ? pushes : undefined) });
      const credentials = pushCredentials(options);
      const [descriptor, ...others] = files.flatMap((file) => descriptorOf(file) ?? []);
      if (descriptor !== undefined && (others.length > 0 || files.length > 1)) {
        throw values.invalidInput(
          'A Containerfile from standard input or a pipe cannot be joined with others.',
          'Use one -f, or only files.',
        );
      }
      if (context === '-' && (descriptor === 0 || credentials?.password.from === 'input')) {
        throw values.invalidInput(
          `${descriptor === 0 ? '-f -' : '--password-stdin'} cannot be used with the context -: both read standard input.`,
          'Use a folder or a file for one of them.',
        );
      }
      if (descriptor === 0 && credentials?.password.from === 'input') {
        throw values.invalidInput(
          '-f - and --password-stdin cannot be used together: both read standard input.',
          'Use a file, or --creds USER to be prompted for the password.',
        );
      }
      const [file, ...further] =
        descriptor === undefined ? files.map((each) => findContainerfile(each, workingFolder, context)) : [];
      const source = descriptor === undefined ? {} : { containerfileFrom: descriptor };
      if (options.check) {
        const { target, buildArgs = {}, contexts, filesFor, sources } = chosen;
        onCommand({
          kind: 'lint',
          request: {
            ...{ context, file, files: further.length > 0 ? further : undefined, filesFor, sources, contexts },
            ...{ target, buildArgs, platforms: platform, checkBases: true },
          },
          ...source,
          format: 'text',
          isStrict: options.lint === 'error',
        });
        return;
      }
      onCommand({
        kind: 'build',
        usesRecipe: options.recipe,
        request: {
          context,
          ...(reference === undefined ? {} : { reference }),
          ...(furtherNames.length > 0 ? { furtherNames } : {}),
          ...(farm === undefined ? {} : { farm }),
          ...(node === undefined ? {} : { connections: node }),
          ...(platform === undefined ? {} : { platforms: platform }),
          ...(optional === undefined ? {} : { optionalPlatforms: optional }),
          ...(pin === undefined ? {} : { pins: pin }),
          ...(file === undefined ? {} : { file }),
          ...(further.length > 0 ? { files: further } : {}),
          ...chosen,
          ...automatic,
          ...(push === undefined ? {} : { push }),
        },
        ...given,
        ...(options.equivalent === undefined ? {} : { equivalent: options.equivalent }),
        ...(options.dryRun ? { dryRun: true } : {}),
        ...(credentials === undefined ? {} : { credentials }),
        ...source,
        ...(options.lint === undefined ? {} : { lint: options.lint }),
      });
    });
  return withBuildOptions(buildCommand, flagContext);
}

/** `build`, `retry`, `resume`, `cancel`, `builds`, `logs`, `graph`, `equivalent` and `sample`. */
export function buildCommands(options: ProgramOptions): CommanderCommand[] {
  const { workingFolder, onCommand } = options;
  const parsePath = values.pathParser(workingFolder);
  const buildCommand = createBuildCommand(options).addHelpText(
    'after',
    examples(
      'build -t api:1.4 .',
      'build -t registry.example.com/team/api:1.4 -t registry.example.com/team/api:latest --push .',
      'build -t api:1.4 --push=registry.example.com/team/api:1.4 .',
      'build -t registry.example.com/team/api:1.4 --push --push=eu.example.com/team/api:1.4 .',
      'build -t registry.example.com/team/api:1.4 --push --direct .',
      'build .',
      'build --dry-run .',
      'build https://registry.example.com/team/api.git#v1.4:deploy',
      'build -t api - < Containerfile',
      'build -t api:1.4 -o oci-archive:api.tar -o docker-daemon: .',
      'build -t api:1.4 -o type=local,dest=out .',
      'build --farm pis -t registry.example.com/team/api:1.4 --platform linux/amd64,linux/arm64 .',
      'build --node big,pi4 -t api -f deploy/Containerfile --build-arg VERSION=1.4 --pull=newer ./api',
    ),
  );
  const retryCommand = withRegistryOptions(new CommanderCommand('retry'), { tls: false })
    .description('build the platforms of a build that failed or were cancelled, and use the finished ones')
    .argument('[BUILD]', 'id of the build, as listed by `barnraiser builds` (default: the newest)')
    .option(
      '--platform <PLATFORMS>',
      'build these platforms again although they are done; while the build runs: those that have failed: a,b',
      values.parsePlatforms,
    )
    .option('--iidfile <FILE>', 'write the digest of the manifest list to a file', parsePath)
    .addHelpText('after', examples('retry', 'retry 20260102-150405-a1b2 --platform linux/arm64'))
    .action((id: string | undefined, { platform, iidfile, ...options }: RetryOptions) => {
      const credentials = pushCredentials(options);
      onCommand({
        kind: 'retry',
        request: { ...(id === undefined ? {} : { id }), ...(platform === undefined ? {} : { platforms: platform }) },
        ...(credentials === undefined ? {} : { credentials }),
        outputFiles: iidfile === undefined ? {} : { iidfile },
      });
    });
  const resumeCommand = withRegistryOptions(new CommanderCommand('resume'), { tls: false })
    .description('go on with a build or a bake that was interrupted, without repeating what is finished')
    .argument(
      '[BUILD]',
      'id of the build, as listed by `barnraiser builds` (default: the one that was interrupted last)',
    )
    .option('--changed', 'build the rest although the project has changed since')
    .option('--iidfile <FILE>', 'write the digest of the manifest list to a file', parsePath)
    .addHelpText('after', examples('resume', 'resume 20260102-150405-a1b2', 'builds interrupted'))
    .action((id: string | undefined, { changed, iidfile, ...options }: ResumeOptions) => {
      const credentials = pushCredentials(options);
      onCommand({
        kind: 'resume',
        ...(id === undefined ? {} : { id }),
        acceptsChanges: changed ?? false,
        ...(credentials === undefined ? {} : { credentials }),
        outputFiles: iidfile === undefined ? {} : { iidfile },
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
    .argument('[BUILD...]', 'ids of the builds, as listed by `barnraiser builds`')
    .option('--ended', 'delete all builds that have ended')
    .addHelpText('after', examples('builds rm 20260102-150405-a1b2', 'builds rm --ended'))
    .action((ids: string[], { ended }: { readonly ended?: true }) => {
      if (ids.length > 0 === (ended ?? false)) {
        throw values.invalidInput('builds rm requires a build.', 'Name one or more, or use --ended instead.');
      }
      onCommand({ kind: 'builds.remove', ids: [...new Set(ids)], ...(ended ? { all: true } : {}) });
    });
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
  const equivalentCommand = new CommanderCommand('equivalent')
    .description('print the same build with podman, docker buildx, GitHub Actions and GitLab CI')
    .argument('[BUILD]', 'id of the build, as listed by `barnraiser builds` (default: the newest)')
    .addOption(new Option('--for <TOOL>', 'only with this tool').choices(equivalentKindSchema.options))
    .addHelpText(
      'after',
      examples(
        'equivalent',
        'equivalent 20260102-150405-a1b2 --for buildx',
        'equivalent --for github > .github/workflows/image.yaml',
        'build --equivalent podman -t api:1.4 .',
      ),
    )
    .action((build: string | undefined, { for: tool }: { for?: EquivalentKind }) =>
      onCommand({
        kind: 'equivalent',
        ...(build === undefined ? {} : { build }),
        ...(tool === undefined ? {} : { tool }),
      }),
    );
  return [
    buildCommand,
    retryCommand,
    resumeCommand,
    cancelCommand,
    buildsCommand,
    logsCommand,
    graphCommand,
    equivalentCommand,
  ];
}

/** @throws Failure `input.invalid` */
function pushOf(options: BuildOptions): CallInput<'builds.start'>['push'] {
  const { push, tag: [tag] = [], direct, tlsVerify, creds, username } = options;
  if (push === undefined) {
    if (direct || !tlsVerify || creds || username !== undefined) {
      throw values.invalidInput('The options for a registry require --push.', 'Add --push, or leave them out.');
    }
    return undefined;
  }
  for (const each of push) {
    const named = each || tag;
    const parsed = named === undefined ? undefined : parseReference(named);
    if (typeof parsed === 'object' && !parsed.registry) {
      throw values.invalidInput(
        `"${named}" does not name a registry to push to.`,
        `Use --push=registry.example.com/team/${named}.`,
      );
    }
  }
  // the one without a name comes first
  const [first = '', ...more] = [...push.filter((each) => each === ''), ...push.filter((each) => each !== '')];
  return {
    tlsVerify,
    ...(first === '' ? {} : { destination: first }),
    ...(direct ? { direct } : {}),
    ...(more.length > 0 ? { more } : {}),
  };
}

import { Command as CommanderCommand, Option } from 'commander';
import type { BuildSsh } from '../../../shared/build-secrets.ts';
import type { CallInput } from '../../../shared/contract.ts';
import { packageFileName } from '../../../shared/linuxkit.ts';
import type { Platform } from '../../../shared/platform.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';
import { pushCredentials, type RegistryOptions, withRegistryOptions } from './registry-options.ts';
import { sshParser } from './secret-options.ts';

type PackageOptions = NonNullable<CallInput<'packages.describe'>['options']>;

interface TagFlags {
  readonly buildYml: string;
  readonly org?: string;
  readonly hash?: string;
  readonly hashCommit?: string;
  readonly hashPath?: string;
  readonly tag?: string;
  readonly forceDirty?: true;
  readonly dev?: true;
}

interface BuildFlags extends TagFlags, RegistryOptions {
  readonly network?: boolean;
  readonly nonetwork?: true;
  readonly disableCache?: true;
  readonly enableCache?: true;
  readonly dockerfile?: string;
  readonly buildArgFile?: string[];
  readonly platforms?: Platform[];
  readonly skipPlatforms?: Platform[];
  readonly ignoreCached?: true;
  readonly force?: true;
  readonly pull?: true;
  readonly push?: true;
  readonly nobuild?: true;
  readonly release?: string;
  readonly archTags?: true;
  readonly direct?: true;
  readonly docker?: true;
  readonly allow?: string[];
  readonly ssh?: BuildSsh[];
  readonly farm?: string;
  readonly node?: string[];
  readonly emulation: boolean;
  readonly skip: boolean;
  readonly dryRun?: true;
  readonly manifest?: boolean;
}

/** Flags of LinuxKit that mean nothing here, and what does the same. */
const harmlessFlags: Readonly<Record<string, string>> = {
  '--builders <BUILDERS>': 'Nodes of the farm build the package: choose them with --farm or --node.',
  '--builder-name <NAME>': 'Nodes of the farm build the package: choose them with --farm or --node.',
  '--builder-image <IMAGE>': 'The engines of the nodes build the package, as they are.',
  '--builder-config <FILE>': 'The engines of the nodes have configurations of their own.',
  '--builder-restart': 'Barnraiser starts no builder.',
  '--cache <FOLDER>': 'Images are kept in local storage: `barnraiser export` writes them elsewhere.',
  '--precache-images': 'Nodes pull base images themselves.',
  '--progress <TYPE>': 'Lines are printed where the output is not a terminal.',
  '--sbom-scanner <IMAGE>': 'The settings say whether SBOMs are made.',
};

/** Flags of LinuxKit without which the result would be wrong, and what to do instead. */
const refusedFlags: Readonly<Record<string, string>> = {
  '--registry-creds <CREDENTIALS>': 'Log in with `podman login` or `docker login`, or give --creds for a push.',
};

/** `pkg`: the commands of `linuxkit pkg`. */
export function pkgCommand({ env, workingFolder, onCommand }: ProgramOptions): CommanderCommand {
  const parsePath = values.pathParser(workingFolder);
  const collectPaths = (text: string, previous: readonly string[] = []): string[] => [...previous, parsePath(text)];
  const folders = (command: CommanderCommand): CommanderCommand =>
    command.argument('<FOLDER...>', `folders of packages, with a ${packageFileName}`, collectPaths);

  const withTagOptions = (command: CommanderCommand): CommanderCommand =>
    command
      .option('--build-yml <FILE>', 'name of the file that describes the package', packageFileName)
      .option('--org <ORG>', 'organization instead of that of build.yml (default: $LINUXKIT_PKG_ORG)')
      .option('--hash <HASH>', 'hash instead of that of the folder in git')
      .option('--hash-commit <COMMIT>', 'commit whose hash it is (default: HEAD)')
      .option('--hash-path <FOLDER>', 'folder whose hash it is: one that the package is in', parsePath)
      .option('--tag <TEMPLATE>', 'tag instead of that of build.yml; {{.Hash}} stands for the hash')
      .option('--force-dirty', 'treat packages as changed')
      .option('--dev', 'use your user name as the organization, and dev as the hash');

  const tagOptions = (flags: TagFlags): PackageOptions => {
    const org = flags.org ?? (env.LINUXKIT_PKG_ORG || undefined);
    const { USER: user = '' } = env;
    if (flags.dev && org === undefined && user === '') {
      throw values.invalidInput('--dev needs the name of the user.', 'Set USER, or use --org and --hash.');
    }
    return {
      buildYml: flags.buildYml,
      ...(org === undefined ? {} : { org }),
      ...(flags.hash === undefined ? {} : { hash: flags.hash }),
      ...(flags.hashCommit === undefined ? {} : { hashCommit: flags.hashCommit }),
      ...(flags.hashPath === undefined ? {} : { hashPath: flags.hashPath }),
      ...(flags.tag === undefined ? {} : { tag: flags.tag }),
      ...(flags.forceDirty ? { forceDirty: true } : {}),
      ...(flags.dev ? { dev: { user: user || (org ?? '') } } : {}),
    };
  };

  const buildCommand = (name: 'build' | 'push', description: string, lines: readonly string[]): CommanderCommand => {
    const notes: string[] = [];
    const command = withTagOptions(withRegistryOptions(folders(new CommanderCommand(name)).description(description)));
    if (name === 'build') {
      command.option('--push', 'push the images when they are built');
    }
    command
      .option('--force', 'build although local storage or the registry has the image')
      .option('--pull', 'pull an image that only the registry has into local storage')
      .option('--nobuild', 'build nothing: push what is there')
      .option('--ignore-cached', 'use no images of local storage as base images')
      .option(
        '--release <TAG>',
        'with a push: also give the list this tag, unless another image has it (default: the git tag of the commit)',
      )
      .option('--arch-tags', 'with a push: also tag the image of each platform, as in NAME:TAG-amd64')
      .option('--docker', 'load the images into the docker of this computer, too')
      .option('--direct', 'with a push: nodes push to the registry themselves')
      .option(
        '--platforms <PLATFORMS>',
        'platforms to build instead of those of build.yml: linux/amd64,linux/arm64',
        values.parsePlatforms,
      )
      .option('--skip-platforms <PLATFORMS>', 'platforms of build.yml not to build: a,b', values.parsePlatforms)
      .option('--dockerfile <FILE>', 'Dockerfile instead of that of build.yml, relative to the package')
      .option('--build-arg-file <FILE>', 'file with a build argument NAME=VALUE in each line', collectPaths)
      .option('--network', 'let steps use the network')
      .option('--nonetwork', 'let no step use the network')
      .option('--disable-cache', 'build without cache')
      .option('--enable-cache', 'build with the cache, whatever build.yml says')
      .option(
        '--ssh <default|ID[=SOCKET|KEY,...]>',
        'SSH agent or keys for RUN --mount=type=ssh',
        sshParser({ env, workingFolder }),
      )
      .option('--allow <PERMISSION>', 'let packages use more than their repository: fs.read=PATH', collect)
      .addOption(
        new Option('--farm <FARM>', 'farm to build on (default: the default farm, or all connections)')
          .argParser(values.parseName)
          .conflicts('node'),
      )
      .option('--node <CONNECTIONS>', 'connections to build on instead of a farm: a,b', values.parseNames)
      .option('--no-emulation', 'build only on native nodes')
      .option('--no-skip', 'build platforms although nothing has changed since the last build')
      .option('--dry-run', 'print what would be built as JSON, and build nothing')
      .addOption(
        new Option('--manifest [BOOLEAN]', 'a list is always made')
          .preset(true)
          .argParser(values.parseBoolean)
          .hideHelp(),
      );
    for (const [flag, note] of Object.entries(harmlessFlags)) {
      command.addOption(new Option(flag).hideHelp());
      command.on(`option:${longName(flag)}`, () => notes.push(`--${longName(flag)} is left out. ${note}`));
    }
    for (const [flag, fix] of Object.entries(refusedFlags)) {
      command.addOption(new Option(flag).hideHelp());
      command.on(`option:${longName(flag)}`, () => {
        throw values.invalidInput(`--${longName(flag)} is not supported.`, fix);
      });
    }
    return command.addHelpText('after', examples(...lines)).action((paths: string[], flags: BuildFlags) => {
      const push = name === 'push' || (flags.push ?? false);
      const credentials = pushCredentials(flags);
      assertAgreeing(flags, push);
      const network = flags.nonetwork ? false : flags.network;
      const disableCache = flags.enableCache ? false : flags.disableCache;
      onCommand({
        kind: 'pkg.build',
        folders: paths,
        options: {
          ...tagOptions(flags),
          ...(network === undefined ? {} : { network }),
          ...(disableCache === undefined ? {} : { disableCache }),
          ...(flags.dockerfile === undefined ? {} : { dockerfile: flags.dockerfile }),
          ...(flags.buildArgFile === undefined ? {} : { buildArgFiles: flags.buildArgFile }),
          ...(flags.platforms === undefined ? {} : { platforms: flags.platforms }),
          ...(flags.skipPlatforms === undefined ? {} : { skipPlatforms: flags.skipPlatforms }),
          ...(flags.ignoreCached ? { ignoreCached: true } : {}),
          ...(flags.force ? { force: true } : {}),
          ...(flags.pull ? { pull: true } : {}),
          ...(flags.nobuild ? { noBuild: true } : {}),
          ...(push ? { push: { tlsVerify: flags.tlsVerify, ...(flags.direct ? { direct: true } : {}) } } : {}),
          ...(flags.release === undefined ? {} : { release: flags.release }),
          ...(flags.archTags ? { archTags: true } : {}),
          ...(flags.docker ? { docker: true } : {}),
          ...(flags.allow === undefined ? {} : { allow: flags.allow }),
        },
        flags: {
          ...(flags.farm === undefined ? {} : { farm: flags.farm }),
          ...(flags.node === undefined ? {} : { connections: flags.node }),
          ...(flags.emulation ? {} : { emulate: false }),
          ...(flags.skip ? {} : { skip: false }),
          ...(flags.ssh === undefined ? {} : { ssh: flags.ssh }),
        },
        isDryRun: flags.dryRun ?? false,
        notes: [...notes],
        ...(credentials === undefined ? {} : { credentials }),
      });
    });
  };

  const showTag = withTagOptions(folders(new CommanderCommand('show-tag')))
    .description('print the tags of packages')
    .option('--canonical', 'print them with their registry')
    .addHelpText('after', examples('pkg show-tag pkg/init', 'pkg show-tag --canonical --hash-commit v1.0 pkg/*'))
    .action((paths: string[], flags: TagFlags & { canonical?: true }) =>
      onCommand({
        kind: 'pkg.tags',
        folders: paths,
        options: tagOptions(flags),
        isCanonical: flags.canonical ?? false,
      }),
    );

  return new CommanderCommand('pkg')
    .description('build and push LinuxKit packages: folders with a build.yml')
    .addCommand(
      buildCommand('build', 'build packages that are neither in local storage nor in the registry', [
        'pkg build pkg/init',
        'pkg build --org registry.example.com/team --platforms linux/amd64 pkg/init pkg/runc',
        'pkg build --force --network pkg/*',
      ]),
    )
    .addCommand(
      buildCommand('push', 'build packages, and push them: the same as `pkg build --push`', [
        'pkg push pkg/init',
        'pkg push --release v1.2 --arch-tags pkg/init',
        'pkg push --nobuild pkg/init',
      ]),
    )
    .addCommand(showTag);
}

function longName(flag: string): string {
  return flag.replace(/^--/, '').split(' ')[0] ?? '';
}

function assertAgreeing(flags: BuildFlags, push: boolean): void {
  if (flags.network && flags.nonetwork) {
    throw values.invalidInput('--network and --nonetwork cannot be used together.', 'Use one of them.');
  }
  if (flags.disableCache && flags.enableCache) {
    throw values.invalidInput('--disable-cache and --enable-cache cannot be used together.', 'Use one of them.');
  }
  if (flags.manifest === false) {
    throw values.invalidInput(
      'A push without a manifest list is not supported.',
      'Push with --arch-tags, and use the tags of the platforms.',
    );
  }
  if (!push && (flags.direct || flags.archTags || flags.nobuild || pushCredentials(flags))) {
    throw values.invalidInput('The options for a registry require --push.', 'Add --push, or leave them out.');
  }
}

function collect(text: string, previous: readonly string[] = []): string[] {
  return [...previous, text];
}

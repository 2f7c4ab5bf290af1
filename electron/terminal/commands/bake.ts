import { Command as CommanderCommand, Option } from 'commander';
import type { Platform } from '../../../shared/platform.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';
import { pushCredentials, type RegistryOptions, withRegistryOptions } from './registry-options.ts';

interface BakeOptions extends RegistryOptions {
  readonly file?: string[];
  readonly set?: string[];
  readonly var?: Record<string, string>;
  readonly allow?: string[];
  readonly print?: true;
  readonly list?: true;
  readonly push?: true;
  readonly direct?: true;
  readonly load?: true;
  readonly farm?: string;
  readonly node?: string[];
  readonly platform?: Platform[];
  readonly cache: boolean;
  readonly skip: boolean;
  readonly emulation: boolean;
  readonly pull?: true;
}

const collect = (text: string, previous: readonly string[] = []): string[] => [...previous, text];

/** `bake` and `recipe`. */
export function bakeCommands({ env, workingFolder, onCommand }: ProgramOptions): CommanderCommand[] {
  const parsePath = values.pathParser(workingFolder);
  const bakeCommand = withRegistryOptions(new CommanderCommand('bake'))
    .description('build the images that barnraiser.json, a bake file or a compose file describes')
    .argument('[TARGET...]', 'targets and groups to build (default: default)')
    .option(
      '-f, --file <FILE>',
      'file to read instead of barnraiser.json, compose.yaml, docker-bake.hcl and the other usual names; - reads standard input',
      collect,
    )
    .option(
      '--set <TARGET.FIELD=VALUE>',
      'change a field of targets: app.args.VERSION=1.4, *.platforms=linux/arm64',
      collect,
    )
    .option(
      '--var <NAME[=VALUE]>',
      'value of a variable of the files, instead of that of the environment',
      values.keyValueParser('--var', (key) => env[key]),
    )
    .option(
      '--allow <PERMISSION>',
      'let the files use more than the project: fs.read=PATH, fs.write=PATH, env=NAME, ssh, network.host, sign',
      collect,
    )
    .option('--print', 'print what would be built as JSON, and build nothing')
    .option('--list', 'list the targets and groups, and build nothing')
    .option('--push', 'push the chosen images, too, to the registries that their names name')
    .option('--direct', 'with --push: nodes push to the registry themselves')
    .option('--load', 'load the chosen images into docker or podman of this computer, too, instead of other outputs')
    .addOption(
      new Option('--farm <FARM>', 'farm to build on (default: that of the recipe, or the default farm)')
        .argParser(values.parseName)
        .conflicts('node'),
    )
    .option('--node <CONNECTIONS>', 'connections to build on instead of a farm: a,b', values.parseNames)
    .option('--platform <PLATFORMS>', 'platforms of all images: a,b', values.parsePlatforms)
    .option('--no-cache', 'build without cache')
    .option('--no-skip', 'build platforms although nothing has changed since the last build')
    .option('--no-emulation', 'build only on native nodes')
    .option('--pull', 'pull all base images')
    .addHelpText(
      'after',
      examples(
        'bake',
        'bake app db --push',
        'bake --print release',
        'bake -f docker-bake.hcl -f override.hcl --set app.args.VERSION=1.4',
        'bake --farm pis --set *.platforms=linux/arm64',
      ),
    )
    .action((targets: string[], options: BakeOptions) => {
      const { file, set, allow, farm, node, platform, push, direct, tlsVerify } = options;
      const credentials = pushCredentials(options);
      if (!push && (direct || !tlsVerify || credentials)) {
        throw values.invalidInput('The options for a registry require --push.', 'Add --push, or leave them out.');
      }
      onCommand({
        kind: 'bake',
        folder: workingFolder,
        targets,
        files: file ?? [],
        overrides: set ?? [],
        variables: options.var ?? {},
        allow: allow ?? [],
        output: options.print ? 'print' : options.list ? 'list' : 'build',
        flags: {
          ...(farm === undefined ? {} : { farm }),
          ...(node === undefined ? {} : { connections: node }),
          ...(platform === undefined ? {} : { platforms: platform }),
          ...(options.cache ? {} : { noCache: true }),
          ...(options.skip ? {} : { skip: false }),
          ...(options.emulation ? {} : { emulate: false }),
          ...(options.pull ? { pull: 'always' as const } : {}),
          ...(options.load ? { outputs: ['load'] } : {}),
          ...(push ? { push: { tlsVerify, ...(direct ? { direct } : {}) } } : {}),
        },
        ...(credentials === undefined ? {} : { credentials }),
      });
    });
  const recipeCommand = new CommanderCommand('recipe').description('settings that builds of a project begin with');
  recipeCommand
    .command('show')
    .description('show the recipe of a project: what the app keeps, and barnraiser.json')
    .argument('[FOLDER]', 'project folder (default: the current folder)', parsePath)
    .addHelpText('after', examples('recipe show ./api'))
    .action((folder: string = workingFolder) => onCommand({ kind: 'recipe.show', folder }));
  recipeCommand
    .command('save')
    .description('keep the options of a build of the project, in the app or as barnraiser.json')
    .argument('[FOLDER]', 'project folder (default: the current folder)', parsePath)
    .option('--build <BUILD>', 'build whose options are kept (default: the newest of the project)')
    .option('--project', 'write barnraiser.json into the project, for all users of it')
    .option('--force', 'replace the recipe that is there')
    .addHelpText(
      'after',
      examples('recipe save', 'recipe save ./api --project', 'recipe save --build 20260102-150405-a1b2 --force'),
    )
    .action((folder: string | undefined, options: { build?: string; project?: true; force?: true }) =>
      onCommand({
        kind: 'recipe.save',
        folder: folder ?? workingFolder,
        ...(options.build === undefined ? {} : { build: options.build }),
        destination: options.project ? 'project' : 'app',
        force: options.force ?? false,
      }),
    );
  recipeCommand
    .command('rm')
    .alias('remove')
    .description('remove what the app keeps for a project; barnraiser.json stays')
    .argument('[FOLDER]', 'project folder (default: the current folder)', parsePath)
    .addHelpText('after', examples('recipe rm ./api'))
    .action((folder: string = workingFolder) => onCommand({ kind: 'recipe.remove', folder }));
  return [bakeCommand, recipeCommand];
}

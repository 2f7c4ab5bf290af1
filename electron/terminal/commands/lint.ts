import { Command as CommanderCommand, Option } from 'commander';
import type { Platform } from '../../../shared/platform.ts';
import { type LintFormat, lintFormats } from '../command.ts';
import { descriptorOf } from '../text-input.ts';
import { contextParser, findContainerfile } from './context-options.ts';
import * as values from './option-values.ts';
import { examples, type ProgramOptions } from './options.ts';

interface LintOptions {
  readonly file?: string;
  readonly target?: string;
  readonly buildArg?: Record<string, string>;
  readonly platform?: Platform[];
  readonly format: LintFormat;
  readonly strict?: true;
  readonly registry: boolean;
}

/** `lint` */
export function lintCommand({ env, workingFolder, onCommand }: ProgramOptions): CommanderCommand {
  return new CommanderCommand('lint')
    .description('check the Containerfile of a project, without building it')
    .argument('[CONTEXT]', 'project folder (default: the current one)', contextParser(workingFolder))
    .option(
      '-f, --file <FILE>',
      'Containerfile or Dockerfile, relative to the current folder or to CONTEXT; - reads it from standard input',
      values.singleValueParser('-f', String, 'One Containerfile is checked at a time.'),
    )
    .option('--target <STAGE>', 'check only what this stage needs (default: all stages)')
    .option(
      '--build-arg <KEY[=VALUE]>',
      'build argument; without =VALUE, the value comes from the environment',
      values.keyValueParser('--build-arg', (key) => env[key]),
    )
    .option('--platform <PLATFORMS>', 'platforms that base images and files must have: a,b', values.parsePlatforms)
    .addOption(
      new Option('--format <FORMAT>', 'sarif is what code scanning reads').choices(lintFormats).default('text'),
    )
    .option('--strict', 'exit with 1 for warnings and notes, too')
    .option('--no-registry', 'do not ask registries about base images')
    .addHelpText(
      'after',
      `
To skip rules, start the Containerfile with a line such as
  # check=skip=JSONArgsRecommended,StageNameCasing
${examples('lint', 'lint ./api -f api.Containerfile --platform linux/amd64,linux/arm64', 'lint --strict --format sarif > lint.sarif')}`,
    )
    .action((context: string | undefined, options: LintOptions) => {
      const folder = context ?? workingFolder;
      const { file, target, buildArg = {}, platform, format, strict, registry } = options;
      const descriptor = file === undefined ? undefined : descriptorOf(file);
      onCommand({
        kind: 'lint',
        request: {
          context: folder,
          ...(file === undefined || descriptor !== undefined
            ? {}
            : { file: findContainerfile(file, workingFolder, folder) }),
          ...(target === undefined ? {} : { target }),
          ...(platform === undefined ? {} : { platforms: platform }),
          buildArgs: buildArg,
          checkBases: registry,
        },
        ...(descriptor === undefined ? {} : { containerfileFrom: descriptor }),
        format,
        isStrict: strict ?? false,
      });
    });
}

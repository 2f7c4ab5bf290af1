/** Turns a command line into a command, help text or a problem. */
import { type Command as CommanderCommand, CommanderError } from 'commander';
import { choicesOf } from '../../../shared/build-options.ts';
import type { Problem } from '../../../shared/problem.ts';
import type { Command, GlobalOptions } from '../command.ts';
import { flagsWithoutValue } from './build-options.ts';
import { createProgram } from './program.ts';
import { UsageError, usageProblem } from './usage-error.ts';
import { findWorkingFolder } from './working-folder.ts';

export type ParsedArguments =
  | { readonly kind: 'command'; readonly command: Command; readonly global: GlobalOptions }
  /** `check`: also asks for a newer release. */
  | { readonly kind: 'version'; readonly check: boolean; readonly json: boolean }
  /** Help, for standard output; exit code 0. */
  | { readonly kind: 'text'; readonly text: string }
  /** Invalid input, for one line on standard error; exit code 2. */
  | { readonly kind: 'invalid'; readonly problem: Problem; readonly json: boolean };

export interface ParseOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The width of help texts. */
  readonly columns?: number;
}

/** @param argv the arguments after the name of the program */
export function parseArguments(argv: readonly string[], options: ParseOptions): ParsedArguments {
  const { env, cwd, columns = 80 } = options;
  if (argv.includes('--version') && argv.every((word) => versionWords.includes(word))) {
    return { kind: 'version', check: argv.includes('--check'), json: argv.includes('--json') };
  }
  let command: Command | undefined;
  let text = '';
  const program = createProgram({
    env,
    workingFolder: findWorkingFolder(env, cwd),
    onCommand: (parsed) => {
      command = parsed;
    },
    onText: (part) => {
      text += part;
    },
  });
  configure(program, columns, (part) => {
    text += part;
  });
  try {
    program.parse(argv.length === 0 ? ['--help'] : bindOptionalValues(argv, program), { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      return { kind: 'text', text: `${text.trimEnd()}\n` };
    }
    return { kind: 'invalid', problem: usageProblem(error), json: argv.includes('--json') };
  }
  if (!command && text !== '') {
    return { kind: 'text', text };
  }
  if (!command) {
    throw new Error(`no command was parsed from: ${argv.join(' ')}`);
  }
  const { json = false, acceptNewHostKeys = false, progress, version } = program.opts<GlobalFlags>();
  if (version) {
    const problem: Problem = {
      code: 'input.invalid',
      message: '--version goes with no command.',
      fix: 'Use it alone: barnraiser --version',
    };
    return { kind: 'invalid', problem, json };
  }
  return { kind: 'command', command, global: { json, acceptNewHostKeys, plainProgress: progress === 'plain' } };
}

interface GlobalFlags {
  readonly json?: true;
  readonly acceptNewHostKeys?: true;
  readonly progress?: 'auto' | 'plain';
  readonly version?: true;
}

/** `--version` has no command. `--check` is also an option of commands, so it is no option of the program. */
const versionWords: readonly string[] = ['--version', '--check', '--json'];

/** Makes a command and its subcommands throw instead of ending the process, and collects what they print. */
function configure(command: CommanderCommand, columns: number, write: (text: string) => void): void {
  command
    .configureOutput({ writeOut: write, writeErr: () => undefined, getOutHelpWidth: () => columns })
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : new UsageError(error, command);
    });
  for (const child of command.commands) {
    configure(child, columns, write);
  }
}

interface OptionalValue {
  readonly bare: string;
  /** The words that count as the value if they follow. */
  readonly values: RegExp;
}

/** No word is a value. */
const none = /^(?!)/;

/** Options with an optional value, and their values without one. */
const optionsWithOptionalValue: ReadonlyMap<string, OptionalValue> = new Map<string, OptionalValue>([
  ['--pull', { bare: 'always', values: new RegExp(`^(ifnewer|${choicesOf('pull').join('|')})$`) }],
  ['--tls-verify', { bare: 'true', values: /^(true|false)$/ }],
  ['--push', { bare: '', values: none }],
  ['--git-args', { bare: 'all', values: none }],
  ['--git-labels', { bare: 'all', values: none }],
  ...flagsWithoutValue().map(({ flag, ...option }) => [flag, option] as const),
]);

/**
 * Writes the default value of an option into the argument unless a valid value follows. Commander takes any following
 * word as the value, so that in `build --pull .` the context would become the pull policy.
 */
function bindOptionalValues(argv: readonly string[], program: CommanderCommand): string[] {
  const end = argv.indexOf('--');
  const { options } = namedCommand(
    argv.filter((word) => !word.startsWith('-')),
    program,
  );
  // the same name may be a switch of another command, such as `--push` of `bake`
  const switches = options.flatMap(({ long, optional }) => (optional ? [] : long));
  return argv.map((word, index) => {
    const isOption = (end < 0 || index < end) && !switches.includes(word);
    const option = isOption ? optionsWithOptionalValue.get(word) : undefined;
    return option && !option.values.test(argv[index + 1] ?? '') ? `${word}=${option.bare}` : word;
  });
}

/** The command or subcommand that words begin with. */
function namedCommand([name, ...others]: readonly string[], parent: CommanderCommand): CommanderCommand {
  const command = parent.commands.find((each) => each.name() === name);
  return command ? namedCommand(others, command) : parent;
}

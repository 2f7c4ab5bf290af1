import { type Command as CommanderCommand, CommanderError } from 'commander';
import { pullPolicySchema } from '../../shared/build.ts';
import { Failure, type Problem } from '../../shared/problem.ts';
import type { Command, GlobalOptions } from './command.ts';
import { makeProgram } from './program.ts';
import { userFolder } from './user-folder.ts';

export type Parsed =
  | { readonly kind: 'command'; readonly command: Command; readonly global: GlobalOptions }
  /** Help or the version, for standard output; exit code 0. */
  | { readonly kind: 'text'; readonly text: string }
  /** Bad input, for one line on standard error; exit code 2. */
  | { readonly kind: 'wrong'; readonly problem: Problem; readonly json: boolean };

export interface Surroundings {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** How wide help may be. */
  readonly columns?: number;
}

/**
 * Reads a command line.
 * @param argv what follows the program's name
 */
export function parseArguments(argv: readonly string[], surroundings: Surroundings): Parsed {
  const { version, env, cwd, columns = 80 } = surroundings;
  let command: Command | undefined;
  let text = '';
  const program = makeProgram({
    version,
    env,
    folder: userFolder(env, cwd),
    found: (found) => {
      command = found;
    },
  });
  configure(program, columns, (part) => {
    text += part;
  });
  try {
    program.parse(argv.length === 0 ? ['--help'] : withValues(argv), { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      return { kind: 'text', text: `${text.trimEnd()}\n` };
    }
    return { kind: 'wrong', problem: problemOfInput(error), json: argv.includes('--json') };
  }
  if (!command) {
    throw new Error(`no command was found in: ${argv.join(' ')}`);
  }
  const { json, acceptNewHostKeys } = program.opts<{ json?: true; acceptNewHostKeys?: true }>();
  return { kind: 'command', command, global: { json: json ?? false, acceptNewHostKeys: acceptNewHostKeys ?? false } };
}

/** Makes a command and those below it report to us instead of ending the process, and name themselves where they fail. */
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

/** Options whose value may be missing: what they mean then, and the words that are their value where one follows. */
const optionalValues: Readonly<Record<string, { readonly bare: string; readonly values: readonly string[] }>> = {
  '--pull': { bare: 'always', values: ['ifnewer', ...pullPolicySchema.options] },
  '--tls-verify': { bare: 'true', values: ['true', 'false'] },
};

/** Keeps commander from taking the context for a pull policy in `build --pull .`. */
function withValues(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((word, index) => {
    const option = end < 0 || index < end ? optionalValues[word] : undefined;
    return option && !option.values.includes(argv[index + 1] ?? '') ? `${word}=${option.bare}` : word;
  });
}

class UsageError extends Error {
  readonly code: string;
  /** `barnraiser farm create` */
  readonly command: string;
  /** `barnraiser farm create [options] <NAME> [CONNECTION...]` */
  readonly usage: string;
  readonly children: readonly string[];

  constructor(cause: CommanderError, command: CommanderCommand) {
    super(cause.message, { cause });
    this.code = cause.code;
    this.command = pathOf(command);
    this.usage = `${this.command} ${command.usage()}`;
    this.children = command.commands.map((child) => child.name()).filter((name) => name !== 'help');
  }
}

function pathOf(command: CommanderCommand): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function problemOfInput(error: unknown): Problem {
  if (error instanceof Failure) {
    return error.problem;
  }
  if (!(error instanceof UsageError)) {
    throw error;
  }
  if (error.code === 'commander.help') {
    const fix = `Write ${error.command} ${error.children.join('|')}.`;
    return { code: 'input.invalid', message: `${error.command} needs a command.`, fix };
  }
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = /\((Did you mean .*)\)/.exec(rest.join(' '))?.[1];
  return {
    code: 'input.invalid',
    message: `${first.replace(/\.$/, '')}.`,
    fix: suggestion ?? fixOf(error),
  };
}

function fixOf({ code, usage, command }: UsageError): string {
  const isIncomplete = code === 'commander.missingArgument' || code === 'commander.excessArguments';
  return isIncomplete ? `Usage: ${usage}` : `See ${command} --help.`;
}

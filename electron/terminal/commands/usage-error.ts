import type { Command as CommanderCommand, CommanderError } from 'commander';
import { closest } from '../../../shared/closest.ts';
import { pluralText } from '../../../shared/format.ts';
import { Failure, type Problem } from '../../../shared/problem.ts';
import { insteadOfCommand, insteadOfOption } from './other-tools.ts';

/** A command line that commander rejects, with the command that it was parsed for. */
export class UsageError extends Error {
  readonly code: string;
  /** `barnraiser farm create` */
  readonly command: string;
  /** `barnraiser farm create [options] <NAME> [CONNECTION...]` */
  readonly usage: string;
  readonly subcommands: readonly string[];
  /** Those of the command and of the commands above it: `--platform`. */
  readonly flags: readonly string[];

  constructor(cause: CommanderError, command: CommanderCommand) {
    super(cause.message, { cause });
    this.code = cause.code;
    this.command = commandPath(command);
    this.usage = `${this.command} ${command.usage()}`;
    this.subcommands = command.commands.map((child) => child.name()).filter((name) => name !== 'help');
    this.flags = allFlags(command);
  }
}

function commandPath(command: CommanderCommand): string {
  return command.parent ? `${commandPath(command.parent)} ${command.name()}` : command.name();
}

function allFlags(command: CommanderCommand): string[] {
  const own = command.options.flatMap(({ long }) => long ?? []);
  return command.parent ? [...own, ...allFlags(command.parent)] : own;
}

/** The problem of a command line that could not be parsed. @throws any error that is not about the command line */
export function usageProblem(error: unknown): Problem {
  if (error instanceof Failure) {
    return error.problem;
  }
  if (!(error instanceof UsageError)) {
    throw error;
  }
  if (error.code === 'commander.help') {
    const fix = `Usage: ${error.command} ${error.subcommands.join('|')}`;
    return { code: 'input.invalid', message: `${error.command} requires a command.`, fix };
  }
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const [, of = '', suggestion] = /\(Did you mean (one of )?(.*)\?\)/.exec(rest.join(' ')) ?? [];
  return {
    code: 'input.invalid',
    message: `${messageOf(first).replace(/\.$/, '')}.`,
    fix:
      insteadOf(error, first) ??
      (suggestion === undefined
        ? usageFix(error)
        : of === ''
          ? `Did you mean ${suggestion}?`
          : `Did you mean one of ${suggestion}?`),
  };
}

/** What commander says, with what it says it of. */
const messages: readonly (readonly [pattern: RegExp, text: (a: string, b: string, c: string) => string])[] = [
  [/^unknown option '(.*)'$/, (option) => `unknown option '${option}'`],
  [/^unknown command '(.*)'$/, (command) => `unknown command '${command}'`],
  [/^missing required argument '(.*)'$/, (name) => `missing required argument '${name}'`],
  [/^option '(.*)' argument missing$/, (option) => `option '${option}' argument missing`],
  [/^required option '(.*)' not specified$/, (option) => `required option '${option}' not specified`],
  [
    /^option '(.*)' cannot be used with option '(.*)'$/,
    (option, other) => `option '${option}' cannot be used with option '${other}'`,
  ],
  [
    /^too many arguments for '(.*)'\. Expected (\d+) arguments? but got (\d+)\.$/,
    (command, expected, given) =>
      pluralText(
        Number(expected),
        `too many arguments for '${command}'. Expected ${expected} argument but got ${given}.`,
        `too many arguments for '${command}'. Expected ${expected} arguments but got ${given}.`,
      ),
  ],
];

/** A message of commander in the language of the others. */
function messageOf(message: string): string {
  for (const [pattern, text] of messages) {
    const [found, a = '', b = '', c = ''] = pattern.exec(message) ?? [];
    if (found !== undefined) {
      return text(a, b, c);
    }
  }
  return message;
}

/** What to use instead of a word that other tools have, or that has a value and is mistyped. */
function insteadOf({ code, command, flags }: UsageError, message: string): string | undefined {
  const [, word = ''] = /'(.*)'/.exec(message) ?? [];
  if (code === 'commander.unknownCommand') {
    return insteadOfCommand([...command.split(' ').slice(1), word].join(' '));
  }
  if (code !== 'commander.unknownOption') {
    return undefined;
  }
  const [flag = '', value] = word.split('=', 2);
  // commander compares the whole word
  const meant = value === undefined ? undefined : closest(flag, flags);
  return insteadOfOption(flag) ?? (meant && `Did you mean ${meant}?`);
}

function usageFix({ code, usage, command, message }: UsageError): string {
  if (code === 'commander.missingArgument' && message.includes("'CONTEXT'")) {
    return `Name the folder of the project. For this one: ${command} .`;
  }
  const isIncomplete = code === 'commander.missingArgument' || code === 'commander.excessArguments';
  return isIncomplete ? `Usage: ${usage}` : `See ${command} --help.`;
}

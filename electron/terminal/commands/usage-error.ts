import type { Command as CommanderCommand, CommanderError } from 'commander';
import { Failure, type Problem } from '../../../shared/problem.ts';

/** A command line that commander rejects, with the command that it was parsed for. */
export class UsageError extends Error {
  readonly code: string;
  /** `barnraiser farm create` */
  readonly command: string;
  /** `barnraiser farm create [options] <NAME> [CONNECTION...]` */
  readonly usage: string;
  readonly subcommands: readonly string[];

  constructor(cause: CommanderError, command: CommanderCommand) {
    super(cause.message, { cause });
    this.code = cause.code;
    this.command = commandPath(command);
    this.usage = `${this.command} ${command.usage()}`;
    this.subcommands = command.commands.map((child) => child.name()).filter((name) => name !== 'help');
  }
}

function commandPath(command: CommanderCommand): string {
  return command.parent ? `${commandPath(command.parent)} ${command.name()}` : command.name();
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
  const suggestion = /\((Did you mean .*)\)/.exec(rest.join(' '))?.[1];
  return {
    code: 'input.invalid',
    message: `${first.replace(/\.$/, '')}.`,
    fix: suggestion ?? usageFix(error),
  };
}

function usageFix({ code, usage, command }: UsageError): string {
  const isIncomplete = code === 'commander.missingArgument' || code === 'commander.excessArguments';
  return isIncomplete ? `Usage: ${usage}` : `See ${command} --help.`;
}

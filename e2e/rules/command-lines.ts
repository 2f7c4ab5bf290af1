/** Finds the commands of Barnraiser in lines that people type. */
import type { Command } from 'commander';

/** The words after `barnraiser`, up to the end of its part of the line. Undefined if the line is of another program. */
function wordsOf(line: string): string[] | undefined {
  const [, text] = /(?:^|[|\s])barnraiser\s+([^|<>]*)/.exec(line) ?? [];
  return text
    ?.replace(/"[^"]*"|'[^']*'/g, 'VALUE')
    .trim()
    .split(/\s+/);
}

function find(words: readonly string[], program: Command): { readonly command: Command; readonly path: string[] } {
  let command = program;
  const path: string[] = [];
  for (const word of words) {
    const child = command.commands.find((each) => each.name() === word);
    if (child) {
      command = child;
      path.push(word);
    } else if (!word.startsWith('-')) {
      break;
    }
  }
  return { command, path };
}

/** The command of a line, such as `['connection', 'add']`. */
export function commandPath(line: string, program: Command): string[] | undefined {
  const words = wordsOf(line);
  const path = words && find(words, program).path;
  return path && path.length > 0 ? path : undefined;
}

/** What is wrong with the command of a line: it, or a flag of it, does not exist. */
export function commandIn(line: string, program: Command): string | undefined {
  const words = wordsOf(line);
  if (!words || words[0] === 'COMMAND' || words[0] === 'help') {
    return undefined;
  }
  const { command, path } = find(words, program);
  if (path.length === 0) {
    return words.includes('--version') ? undefined : 'there is no such command';
  }
  const known = [command, ...ancestors(command)].flatMap(({ options }) => options);
  const unknown = words
    .filter((word) => /^--?[a-z]/i.test(word))
    .map((word) => word.replace(/=.*$/s, ''))
    .find((flag) => !known.some(({ long, short }) => flag === long || flag === short));
  return unknown === undefined ? undefined : `there is no ${unknown}`;
}

function ancestors(command: Command): Command[] {
  return command.parent ? [command.parent, ...ancestors(command.parent)] : [];
}

import type { Command } from '../command.ts';

/** What the declarations of all commands need. */
export interface ProgramOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. Relative paths on the command line start here. */
  readonly workingFolder: string;
  /** Called with the parsed command. */
  readonly onCommand: (command: Command) => void;
  /** Called with a text to print instead of a command. */
  readonly onText: (text: string) => void;
}

/** How help is written. */
export const helpSettings = {
  showGlobalOptions: true,
  styleTitle: (title: string): string => headings[title.slice(0, -1)] ?? title,
};

/** The headings that commander writes. */
const headings: Readonly<Record<string, string>> = {
  Usage: 'Usage:',
  Arguments: 'Arguments:',
  Options: 'Options:',
  'Global Options': 'Global Options:',
  Commands: 'Commands:',
};

/** The "Examples" section of a command's help. */
export function examples(...lines: string[]): string {
  const heading = 'Examples:';
  return `\n${heading}\n${lines.map((line) => `  barnraiser ${line}`).join('\n')}\n`;
}

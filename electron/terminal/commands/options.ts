import type { Command } from '../command.ts';

/** What every command is made with. */
export interface ProgramOptions {
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The absolute folder that relative paths start from. */
  readonly folder: string;
  /** Gets the command that was asked for, when it is understood. */
  readonly found: (command: Command) => void;
}

/** What stands below a command's help: command lines to begin with. */
export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  barnraiser ${line}`).join('\n')}\n`;
}

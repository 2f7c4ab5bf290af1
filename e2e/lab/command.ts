/** Running other programs, as the user or as root. */
import { spawn } from 'node:child_process';

export interface Outcome {
  stdout: string;
  stderr: string;
  /** Exit status; 128 + signal number is not known here, so a program that a signal ended gives -1. */
  code: number;
}

export interface RunOptions {
  /** What the program reads from standard input; nothing by default. */
  input?: string | Uint8Array;
}

export const isRoot = process.getuid?.() === 0;

/** The same command with root's rights: as it is for root, behind sudo for everyone else. */
export function asRoot(...command: string[]): string[] {
  return isRoot ? command : ['sudo', ...command];
}

/** Runs a program to its end, whatever its exit status. Rejects only if it cannot be started. */
export function run(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program, ...args] = command;
  if (program === undefined) {
    throw new Error('No program to run.');
  }
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A program may end without reading all of its input; its exit status tells the story.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('error', (error) => reject(new Error(`Cannot start ${program}: ${error.message}`)));
    child.on('close', (code) =>
      resolve({
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
        code: code ?? -1,
      }),
    );
  });
}

/** Runs a program that has to succeed and gives its standard output; the error names it and ends with its last words. */
export async function mustRun(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await run(command, options);
  if (outcome.code !== 0) {
    const lastWords = (outcome.stderr.trim() || outcome.stdout.trim()).split('\n').slice(-15).join('\n');
    throw new Error(`${command.join(' ')} ended with status ${outcome.code}:\n${lastWords}`);
  }
  return outcome.stdout;
}

/** Runs other programs, as the user or as root. */
import { spawn } from 'node:child_process';

export interface Outcome {
  stdout: string;
  stderr: string;
  /** Exit code, or -1 if a signal ended the program. */
  code: number;
}

export interface RunOptions {
  /** Standard input of the program. Default: empty. */
  input?: string | Uint8Array;
}

export const isRoot = process.getuid?.() === 0;

/** The command with root's rights: through sudo, unless this process is root's. */
export function asRoot(...command: string[]): string[] {
  return isRoot ? command : ['sudo', ...command];
}

/** Runs a program and resolves with its output for any exit code. @throws Error if the program cannot be started */
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
    // a program may end before it has read all of its input; the exit code shows whether it failed
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

/** Runs a program and resolves with its standard output. @throws Error with the command and its last output if it fails */
export async function mustRun(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await run(command, options);
  if (outcome.code !== 0) {
    const lastLines = (outcome.stderr.trim() || outcome.stdout.trim()).split('\n').slice(-15).join('\n');
    throw new Error(`${command.join(' ')} exited with code ${outcome.code}:\n${lastLines}`);
  }
  return outcome.stdout;
}

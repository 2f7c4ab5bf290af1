import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A program in a process of its own. */
export interface ProgramProcess {
  readonly child: ChildProcess;
  readonly exit: Promise<unknown>;
  /** Resolves with the next line that the program prints, without its end. */
  nextLine(): Promise<string>;
}

/** Runs a JavaScript module in another process. It may import TypeScript modules by their URL. */
export function runInProcess(code: string): ProgramProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return { child, exit: once(child, 'exit'), nextLine: lineReader(child) };
}

function lineReader(child: ChildProcess): () => Promise<string> {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    child.emit('line');
  });
  return async () => {
    while (!text.includes('\n')) {
      await once(child, 'line');
    }
    const end = text.indexOf('\n');
    const line = text.slice(0, end);
    text = text.slice(end + 1);
    return line;
  };
}

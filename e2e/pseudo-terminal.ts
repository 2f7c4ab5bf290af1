/** Runs a command on a pseudo-terminal, with script(1) of Debian's bsdutils. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export class PseudoTerminal {
  /** All output of the command. */
  output = '';
  readonly #child;
  readonly #ended: Promise<number | null>;
  #read = 0;

  constructor(command: readonly string[], options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }) {
    const commandLine = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    this.#child = spawn('script', ['--quiet', '--return', '--flush', '--command', commandLine, '/dev/null'], {
      ...options,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    this.#ended = once(this.#child, 'close').then(() => this.#child.exitCode);
  }

  /** Waits for a text in the output after the last text that was waited for. @throws Error if the command ends before */
  async waitFor(text: string): Promise<void> {
    let hasEnded = false;
    const end = this.#ended.then(() => {
      hasEnded = true;
    });
    while (!this.output.slice(this.#read).includes(text)) {
      if (hasEnded) {
        throw new Error(`The command ended before it printed "${text}":\n${this.output}`);
      }
      await Promise.race([once(this.#child.stdout, 'data'), end]);
    }
    this.#read = this.output.indexOf(text, this.#read) + text.length;
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Resolves with the exit code. */
  waitForExit(): Promise<number | null> {
    return this.#ended;
  }
}

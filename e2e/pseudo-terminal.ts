/** A command on a pseudo-terminal, which script(1) of Debian's bsdutils makes: what is on its screen, and what is typed there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export class PseudoTerminal {
  /** All that was ever on the screen. */
  screen = '';
  readonly #child;
  readonly #ended: Promise<number | null>;
  #read = 0;

  constructor(command: readonly string[], options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }) {
    const line = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    this.#child = spawn('script', ['--quiet', '--return', '--flush', '--command', line, '/dev/null'], {
      ...options,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.screen += text;
    });
    this.#ended = once(this.#child, 'close').then(() => this.#child.exitCode);
  }

  /** Waits until something that was not waited for before is on the screen. */
  async sees(text: string): Promise<void> {
    let hasEnded = false;
    const end = this.#ended.then(() => {
      hasEnded = true;
    });
    while (!this.screen.slice(this.#read).includes(text)) {
      if (hasEnded) {
        throw new Error(`It ended before "${text}" was on the screen:\n${this.screen}`);
      }
      await Promise.race([once(this.#child.stdout, 'data'), end]);
    }
    this.#read = this.screen.indexOf(text, this.#read) + text.length;
  }

  types(text: string): void {
    this.#child.stdin.write(text);
  }

  /** The exit code. */
  ends(): Promise<number | null> {
    return this.#ended;
  }
}

import { createInterface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';
import type { Answer, Question } from '../../shared/contract.ts';

export interface Asking {
  readonly input: Readable;
  readonly output: Writable;
}

/** Something that draws on the terminal and must not while a question stands there. */
export interface Pausable {
  pause(): void;
  resume(): void;
}

const answers: Readonly<Record<string, Answer>> = { yes: 'trust', once: 'once', no: 'refuse' };

/** Asks a person about host keys, one at a time however many nodes ask at once. */
export class HostKeyDialog {
  readonly #asking: Asking;
  #last: Promise<unknown> = Promise.resolve();

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  /**
   * Asks as ssh does, and takes the fingerprint itself for a yes, as ssh does too. The end of input refuses.
   * @param signal when it aborts, the question was settled elsewhere: it is taken back and counts as refused.
   */
  ask(question: Question, screen?: Pausable, signal?: AbortSignal): Promise<Answer> {
    const answer = this.#last.then(async () => {
      if (signal?.aborted) {
        return 'refuse' as const;
      }
      screen?.pause();
      try {
        return await this.#read(question, signal);
      } finally {
        screen?.resume();
      }
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #read({ connection, host, port, keyType, fingerprint }: Question, signal?: AbortSignal): Promise<Answer> {
    const { input, output } = this.#asking;
    const address = port === 22 ? host : `[${host}]:${port}`;
    output.write(`The authenticity of host '${address}' (${connection}) can't be established.\n`);
    output.write(`${keyName(keyType)} key fingerprint is ${fingerprint}.\n`);
    output.write('Are you sure you want to continue connecting (yes/no/once)? ');
    // as a terminal in its usual mode, so that Ctrl+C interrupts the program as ever
    const lines = createInterface({ input, terminal: false });
    const takeBack = (): void => lines.close();
    signal?.addEventListener('abort', takeBack, { once: true });
    try {
      for await (const line of lines) {
        const answer = line.trim() === fingerprint ? 'trust' : answers[line.trim().toLowerCase()];
        if (answer) {
          return answer;
        }
        output.write("Please type 'yes' (and save the key), 'no' or 'once' (and do not save it): ");
      }
      output.write('\n');
      return 'refuse';
    } finally {
      signal?.removeEventListener('abort', takeBack);
      lines.close();
    }
  }
}

/** `ssh-ed25519` is ED25519 to ssh and its users. */
function keyName(keyType: string): string {
  return keyType
    .replace(/^ssh-/, '')
    .replace(/^ecdsa-sha2-.*/, 'ecdsa')
    .toUpperCase();
}

/** Asks for a password on a terminal without showing it. Undefined where the input ends or the person gives up. */
export function askPassword(prompt: string, { input, output }: Asking): Promise<string | undefined> {
  output.write(prompt);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: true });
  return new Promise((resolve) => {
    let password: string | undefined;
    lines.once('line', (line) => {
      password = line;
      lines.close();
    });
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => {
      output.write('\n');
      resolve(password);
    });
  });
}

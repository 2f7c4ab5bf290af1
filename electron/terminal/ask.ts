import { createInterface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';
import { foreignCommand, foreignLine } from '../../shared/foreign-text.ts';
import { keyTypeInWords } from '../../shared/key-type.ts';
import type { Answer, Question, QuestionOf } from '../../shared/question.ts';

export interface Asking {
  readonly input: Readable;
  readonly output: Writable;
}

/** Something that draws on the terminal and must not while a question stands there. */
export interface Pausable {
  pause(): void;
  resume(): void;
}

/** Asks a person what the app wants to know, in the words of ssh, one question at a time however many nodes ask at once. */
export class QuestionDialog {
  readonly #asking: Asking;
  #last: Promise<unknown> = Promise.resolve();

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  /**
   * The end of input and Ctrl+C at a secret refuse.
   * @param signal when it aborts, the question was settled elsewhere: it is taken back and counts as refused.
   */
  ask(question: Question, screen?: Pausable, signal?: AbortSignal): Promise<Answer> {
    const answer = this.#last.then(async () => {
      if (signal?.aborted) {
        return 'refuse' as const;
      }
      screen?.pause();
      try {
        return await this.#put(question, signal);
      } finally {
        screen?.resume();
      }
    });
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  #put(question: Question, signal: AbortSignal | undefined): Promise<Answer> {
    switch (question.kind) {
      case 'host-key':
        return askHostKey(question, this.#asking, signal);
      case 'proxy-command':
        return askCommand(question, this.#asking, signal);
      case 'passphrase': {
        const again = question.wasWrong ? ['Bad passphrase, try again.'] : [];
        return this.#secrets(again, [{ text: `Enter passphrase for key '${question.path}': `, echo: false }], signal);
      }
      case 'password': {
        const again = question.wasWrong ? ['Permission denied, please try again.'] : [];
        const { user, host } = question;
        return this.#secrets(again, [{ text: `${user}@${host}'s password: `, echo: false }], signal);
      }
      case 'prompts': {
        const { user, host, title, instructions, prompts, wasWrong } = question;
        const before = [wasWrong ? 'Permission denied, please try again.' : '', title, instructions];
        const asked = prompts.map(({ text, echo }) => ({ text: `(${user}@${host}) ${text.trimEnd()} `, echo }));
        return this.#secrets(
          before.filter((line) => line !== ''),
          asked,
          signal,
        );
      }
    }
  }

  async #secrets(
    before: readonly string[],
    prompts: readonly { readonly text: string; readonly echo: boolean }[],
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    for (const line of before) {
      this.#asking.output.write(`${line}\n`);
    }
    const secrets: string[] = [];
    for (const { text, echo } of prompts) {
      const secret = await (echo ? askLine(text, this.#asking, signal) : askPassword(text, this.#asking, signal));
      if (secret === undefined) {
        return 'refuse';
      }
      secrets.push(secret);
    }
    return { secrets, remember: false };
  }
}

const answers: Readonly<Record<string, Answer>> = { yes: 'trust', once: 'once', no: 'refuse' };

/** Asks as ssh does, and takes the fingerprint itself for a yes, as ssh does too. */
async function askHostKey(
  { connection, host, port, keyType, fingerprint, notes }: QuestionOf<'host-key'>,
  { input, output }: Asking,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const address = port === 22 ? host : `[${host}]:${port}`;
  output.write(`The authenticity of host '${address}' (${connection}) can't be established.\n`);
  output.write(`${keyTypeInWords(keyType)} key fingerprint is ${fingerprint}.\n`);
  output.write(notes.map((note) => `${note}\n`).join(''));
  output.write('Are you sure you want to continue connecting (yes/no/once)? ');
  for await (const line of typedLines(input, signal)) {
    const answer = line.trim() === fingerprint ? 'trust' : answers[line.trim().toLowerCase()];
    if (answer) {
      return answer;
    }
    output.write("Please type 'yes' (and save the key), 'no' or 'once' (and do not save it): ");
  }
  output.write('\n');
  return 'refuse';
}

/** Asks whether to run a command, which is shown whole and as it is. */
async function askCommand(
  { connection, host, command, file, line: number }: QuestionOf<'proxy-command'>,
  { input, output }: Asking,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const shown = [host, connection, file].map((text) => foreignLine(text));
  output.write(
    `The SSH configuration reaches ${shown[0]} (${shown[1]}) by running a command of ${shown[2]}:${number}:\n`,
  );
  output.write(`  ${foreignCommand(command)}\n`);
  output.write('It runs on this computer, with all that you may do. Run it (yes/no/once)? ');
  for await (const line of typedLines(input, signal)) {
    const answer = answers[line.trim().toLowerCase()];
    if (answer) {
      return answer;
    }
    output.write(
      "Please type 'yes' (and run it whenever the configuration says so), 'no' or 'once' (and ask again the next time): ",
    );
  }
  output.write('\n');
  return 'refuse';
}

/** The lines that are typed until nobody wants more, the input ends or the signal aborts. */
async function* typedLines(input: Readable, signal: AbortSignal | undefined): AsyncGenerator<string> {
  // as a terminal in its usual mode, so that Ctrl+C interrupts the program as ever
  const lines = createInterface({ input, terminal: false });
  const takeBack = (): void => lines.close();
  signal?.addEventListener('abort', takeBack, { once: true });
  try {
    yield* lines;
  } finally {
    signal?.removeEventListener('abort', takeBack);
    lines.close();
  }
}

/** Asks for a line that may be seen. Undefined where the input ends or the signal aborts. */
async function askLine(prompt: string, { input, output }: Asking, signal?: AbortSignal): Promise<string | undefined> {
  output.write(prompt);
  for await (const line of typedLines(input, signal)) {
    return line;
  }
  output.write('\n');
  return undefined;
}

/**
 * Asks for a password on a terminal without showing it. Undefined where the input ends, the person gives up or the signal
 * aborts.
 */
export function askPassword(
  prompt: string,
  { input, output }: Asking,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // before the prompt: whoever types as soon as it is there would see the terminal itself show the first letters
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  output.write(prompt);
  const takeBack = (): void => lines.close();
  signal?.addEventListener('abort', takeBack, { once: true });
  return new Promise((resolve) => {
    let password: string | undefined;
    lines.once('line', (line) => {
      password = line;
      lines.close();
    });
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => {
      signal?.removeEventListener('abort', takeBack);
      output.write('\n');
      resolve(password);
    });
  });
}

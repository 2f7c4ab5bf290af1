/** Reads lines and passwords that a person types. */
import { createInterface } from 'node:readline';
import { type Readable, Writable } from 'node:stream';

export interface PromptStreams {
  readonly input: Readable;
  readonly output: Writable;
}

/** Something that draws on the terminal and must not draw while a prompt is open. */
export interface Pausable {
  pause(): void;
  resume(): void;
}

/** Yields the typed lines until the consumer stops, the input ends or the signal aborts. */
export async function* typedLines(input: Readable, signal: AbortSignal | undefined): AsyncGenerator<string> {
  // `terminal: false` keeps the terminal in its normal mode, so that Ctrl+C interrupts the program
  const lines = createInterface({ input, terminal: false });
  const onAbort = (): void => lines.close();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    yield* lines;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    lines.close();
  }
}

/** Prompts for a line and shows what is typed. @returns undefined if the input ends or the signal aborts */
export async function askLine(
  prompt: string,
  { input, output }: PromptStreams,
  signal?: AbortSignal,
): Promise<string | undefined> {
  output.write(prompt);
  for await (const line of typedLines(input, signal)) {
    return line;
  }
  output.write('\n');
  return undefined;
}

/**
 * Prompts for a password and hides what is typed.
 * @returns undefined if the input ends, the person presses Ctrl+C or the signal aborts
 */
export function askPassword(
  prompt: string,
  { input, output }: PromptStreams,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const discarded = new Writable({ write: (_chunk, _encoding, done) => done() });
  // created before the prompt is shown: until then the terminal itself echoes what is typed
  const lines = createInterface({ input, output: discarded, terminal: true, historySize: 0 });
  output.write(prompt);
  const onAbort = (): void => lines.close();
  signal?.addEventListener('abort', onAbort, { once: true });
  return new Promise((resolve) => {
    let password: string | undefined;
    lines.once('line', (line) => {
      password = line;
      lines.close();
    });
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => {
      signal?.removeEventListener('abort', onAbort);
      output.write('\n');
      resolve(password);
    });
  });
}

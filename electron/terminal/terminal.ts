import type { Readable, Writable } from 'node:stream';
import type { AppEvent, CallInput, CallName, CallOutput, EventName } from '../../shared/contract.ts';
import { Failure, type Problem } from '../../shared/problem.ts';
import type { App } from '../app.ts';
import { type Pausable, QuestionDialog } from './ask.ts';
import { isTerminal } from './paint.ts';
import { printProblem } from './problem.ts';
import { Waiting } from './waiting.ts';

export interface TerminalFrontEndOptions {
  readonly input: Readable;
  /** For what was asked for. */
  readonly output: Writable;
  /** For everything that is said beside it. */
  readonly errors: Writable;
  readonly json: boolean;
  readonly acceptNewHostKeys: boolean;
  /** Aborts when the person interrupts. */
  readonly interrupted: AbortSignal;
}

/** The terminal as a door into the app: asks it, prints what it answers, and answers its questions. */
export class TerminalFrontEnd {
  readonly options: TerminalFrontEndOptions;
  /** What draws on the terminal now and must not while a question stands there. */
  screen: Pausable | undefined;
  readonly #app: App;
  readonly #dialog: QuestionDialog;
  readonly #settled = new Map<string, AbortController>();

  constructor(app: App, options: TerminalFrontEndOptions) {
    this.#app = app;
    this.options = options;
    this.#dialog = new QuestionDialog({ input: options.input, output: options.errors });
    app.subscribe((event) => this.#answerQuestions(event));
  }

  /** Is waited for no longer when the person interrupts. @throws Failure of the call's problem, and the interruption's reason */
  async call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
    const result = await unless(this.options.interrupted, this.#app.call(name, input));
    if (!result.ok) {
      throw new Failure(result.problem);
    }
    return result.value;
  }

  subscribe(listener: (event: AppEvent) => void): () => void {
    return this.#app.subscribe(listener);
  }

  /**
   * Does long work that reports in events: shows every event, cancels when the person interrupts, and resolves with the
   * first event of the kind that ends it.
   * @param work.start starts the work and resolves with its id. @param work.cancel the call that cancels what has this id.
   */
  async follow<N extends EventName>(
    end: N,
    work: {
      start: () => Promise<string>;
      cancel: 'builds.cancel' | 'pushes.cancel';
      onEvent: (event: AppEvent) => void;
    },
  ): Promise<Extract<AppEvent, { event: N }>> {
    const { interrupted } = this.options;
    let unsubscribe = (): void => undefined;
    let cancel = (): void => undefined;
    const finished = new Promise<Extract<AppEvent, { event: N }>>((resolve) => {
      const isEnd = (event: AppEvent): event is Extract<AppEvent, { event: N }> => event.event === end;
      unsubscribe = this.subscribe((event) => {
        work.onEvent(event);
        if (isEnd(event)) {
          resolve(event);
        }
      });
    });
    try {
      const id = await work.start();
      cancel = () => void this.#app.call(work.cancel, { id });
      interrupted.addEventListener('abort', cancel);
      if (interrupted.aborted) {
        cancel();
      }
      return await finished;
    } finally {
      interrupted.removeEventListener('abort', cancel);
      unsubscribe();
    }
  }

  /** Waits for something and, on a terminal, says for what. */
  async waitFor<T>(text: string, work: Promise<T>): Promise<T> {
    const { errors, json } = this.options;
    if (json || !isTerminal(errors)) {
      return work;
    }
    const waiting = new Waiting(errors, text);
    this.screen = waiting;
    try {
      return await work;
    } finally {
      waiting.pause();
      this.screen = undefined;
    }
  }

  /** Says what is wrong, beside what was asked for: in words or, where JSON is wanted, as one line of it. */
  tell(problem: Problem, severity: 'error' | 'warning' = 'error'): void {
    printProblem(this.options.errors, problem, { json: this.options.json, severity });
  }

  /** Prints lines for a person. */
  print(...lines: string[]): void {
    this.options.output.write(lines.map((line) => `${line}\n`).join(''));
  }

  /** Prints what a person asked for: as JSON on one line where they want that, else as lines. */
  answer(value: unknown, lines: () => readonly string[]): void {
    if (this.options.json) {
      this.print(JSON.stringify(value));
    } else {
      this.print(...lines());
    }
  }

  #answerQuestions(event: AppEvent): void {
    if (event.event === 'question.settled') {
      this.#settled.get(event.id)?.abort();
      this.#settled.delete(event.id);
    }
    if (event.event !== 'question.asked') {
      return;
    }
    const { question } = event;
    const { acceptNewHostKeys, input, errors } = this.options;
    const isAccepted = question.kind === 'host-key' && acceptNewHostKeys;
    if (isAccepted || !isTerminal(errors) || !('isTTY' in input && input.isTTY)) {
      // with nobody there to ask, it is refused; the failure says what to do without being asked
      void this.#app.call('questions.answer', { id: question.id, answer: isAccepted ? 'trust' : 'refuse' });
      return;
    }
    const settled = new AbortController();
    this.#settled.set(question.id, settled);
    void this.#dialog.ask(question, this.screen, settled.signal).then((answer) => {
      if (!settled.signal.aborted) {
        return this.#app.call('questions.answer', { id: question.id, answer });
      }
      return undefined;
    });
  }
}

/** Waits for work until the signal aborts; the work itself goes on. */
function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason);
    if (signal.aborted) {
      leave();
    }
    signal.addEventListener('abort', leave, { once: true });
    work.finally(() => signal.removeEventListener('abort', leave)).then(resolve, reject);
  });
}

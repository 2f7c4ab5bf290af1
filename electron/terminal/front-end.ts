/** The terminal front end: calls the app, prints results and answers questions. */
import type { Readable, Writable } from 'node:stream';
import type { AppEvent, CallInput, CallName, CallOutput, EventName } from '../../shared/contract.ts';
import { Failure, type Problem } from '../../shared/problem.ts';
import type { App } from '../app.ts';
import { abortable } from '../system/abortable.ts';
import { isTerminal } from './output/paint.ts';
import { printProblem } from './output/problem.ts';
import { WaitIndicator } from './output/wait-indicator.ts';
import type { Pausable } from './prompt.ts';
import { QuestionDialog } from './question-dialog.ts';

export interface TerminalFrontEndOptions {
  readonly input: Readable;
  /** Gets the results. */
  readonly output: Writable;
  /** Gets problems, notes, prompts and progress. */
  readonly errors: Writable;
  readonly json: boolean;
  readonly acceptNewHostKeys: boolean;
  /** Aborts when the person interrupts the program. */
  readonly interrupted: AbortSignal;
}

/** A task of the app that reports its progress and end in events. */
export interface Task {
  /** Resolves with the id of the task. */
  start(): Promise<string>;
  /** The call that cancels the task with this id. */
  readonly cancel: 'builds.cancel' | 'pushes.cancel';
  onEvent(event: AppEvent): void;
}

export class TerminalFrontEnd {
  readonly options: TerminalFrontEndOptions;
  /** Draws on the terminal now. Paused while a question is shown. */
  #screen: Pausable | undefined;
  readonly #app: App;
  readonly #dialog: QuestionDialog;
  /** By the id of the question. Aborted when the question is resolved elsewhere. */
  readonly #openQuestions = new Map<string, AbortController>();

  constructor(app: App, options: TerminalFrontEndOptions) {
    this.#app = app;
    this.options = options;
    this.#dialog = new QuestionDialog({ input: options.input, output: options.errors });
    app.subscribe((event) => this.#handleQuestionEvent(event));
  }

  /**
   * Calls the app. An interruption ends the wait, not the call.
   * @throws Failure with the problem of the call, and the abort reason of `interrupted`
   */
  async call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
    const result = await abortable(this.options.interrupted, this.#app.call(name, input));
    if (!result.ok) {
      throw new Failure(result.problem);
    }
    return result.value;
  }

  subscribe(listener: (event: AppEvent) => void): () => void {
    return this.#app.subscribe(listener);
  }

  /** Starts a task and resolves with the first event named `end`. An interruption cancels the task. */
  async follow<N extends EventName>(end: N, task: Task): Promise<Extract<AppEvent, { event: N }>> {
    const { interrupted } = this.options;
    let unsubscribe = (): void => undefined;
    let cancel = (): void => undefined;
    const finished = new Promise<Extract<AppEvent, { event: N }>>((resolve) => {
      const isEnd = (event: AppEvent): event is Extract<AppEvent, { event: N }> => event.event === end;
      unsubscribe = this.subscribe((event) => {
        task.onEvent(event);
        if (isEnd(event)) {
          resolve(event);
        }
      });
    });
    try {
      const id = await task.start();
      cancel = () => void this.#app.call(task.cancel, { id });
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

  /** Runs an action during which `screen` draws on the terminal. */
  async withScreen<T>(screen: Pausable | undefined, action: () => Promise<T>): Promise<T> {
    const previous = this.#screen;
    this.#screen = screen;
    try {
      return await action();
    } finally {
      this.#screen = previous;
    }
  }

  /** Waits for a result and shows on a terminal what it waits for. */
  async showWait<T>(text: string, result: Promise<T>): Promise<T> {
    const { errors, json } = this.options;
    if (json || !isTerminal(errors)) {
      return result;
    }
    const indicator = new WaitIndicator(errors, text);
    return this.withScreen(indicator, async () => {
      try {
        return await result;
      } finally {
        indicator.pause();
      }
    });
  }

  /** Prints a problem to standard error: as text, or as one line of JSON. */
  reportProblem(problem: Problem, severity: 'error' | 'warning' = 'error'): void {
    printProblem(this.options.errors, problem, { json: this.options.json, severity });
  }

  print(...lines: string[]): void {
    this.options.output.write(lines.map((line) => `${line}\n`).join(''));
  }

  /** Prints the result of a command: as one line of JSON, or as lines of text. */
  printResult(value: unknown, lines: () => readonly string[]): void {
    if (this.options.json) {
      this.print(JSON.stringify(value));
    } else {
      this.print(...lines());
    }
  }

  #handleQuestionEvent(event: AppEvent): void {
    if (event.event === 'question.closed') {
      this.#openQuestions.get(event.id)?.abort();
      this.#openQuestions.delete(event.id);
    }
    if (event.event !== 'question.asked') {
      return;
    }
    const { question } = event;
    const { acceptNewHostKeys, input, errors } = this.options;
    const isAccepted = question.kind === 'host-key' && acceptNewHostKeys;
    if (isAccepted || !isTerminal(errors) || !('isTTY' in input && input.isTTY)) {
      // without a terminal every question is refused; the resulting problem says what to do
      void this.#app.call('questions.answer', { id: question.id, answer: isAccepted ? 'trust' : 'refuse' });
      return;
    }
    const closed = new AbortController();
    this.#openQuestions.set(question.id, closed);
    void this.#dialog.ask(question, this.#screen, closed.signal).then((answer) => {
      if (!closed.signal.aborted) {
        return this.#app.call('questions.answer', { id: question.id, answer });
      }
      return undefined;
    });
  }
}

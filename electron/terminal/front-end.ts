/** The terminal front end: calls the app, prints results and answers questions. */
import type { Readable, Writable } from 'node:stream';
import {
  type AppEvent,
  buildIdOf,
  type CallInput,
  type CallName,
  type CallOutput,
  type EventName,
} from '../../shared/contract.ts';
import { Failure, type Problem, problemOf } from '../../shared/problem.ts';
import type { Question } from '../../shared/question.ts';
import type { App } from '../app.ts';
import { abortable } from '../system/abortable.ts';
import { isTerminal } from './output/paint.ts';
import { printProblem } from './output/problem.ts';
import { cleanLine, cleanPainted, jsonLine } from './output/text.ts';
import { WaitIndicator } from './output/wait-indicator.ts';
import type { Pausable } from './prompt.ts';
import { QuestionDialog } from './question-dialog.ts';

export interface TerminalFrontEndOptions {
  readonly input: Readable;
  /** Gets the results. */
  readonly output: Writable;
  /** Gets an image that is written to standard output. Without it, none can be. */
  readonly content?: Writable;
  /** Gets problems, notes, prompts and progress. */
  readonly errors: Writable;
  readonly json: boolean;
  readonly acceptNewHostKeys: boolean;
  /** Progress is printed as lines, also on a terminal. */
  readonly plainProgress: boolean;
  /** Aborts when the person interrupts the program. */
  readonly interrupted: AbortSignal;
}

/** The app in this process, or the running app that another process owns. */
export interface TerminalApp extends Pick<App, 'call' | 'subscribe'> {
  /** Aborts when an app of another process has ended. */
  readonly lost?: AbortSignal;
}

/** A task of the app that reports its progress and end in events. */
export interface Task {
  /** Resolves with the id of the task. */
  start(): Promise<string>;
  /** The call that cancels the task with this id. */
  readonly cancel: 'builds.cancel' | 'bakes.cancel' | 'pushes.cancel' | 'outputs.cancel' | 'copies.cancel';
  /** Whether an event with the name of the end is the end. Without it: each is. */
  readonly isEnd?: (event: AppEvent) => boolean;
  /** Called with the events of this task, and not with those of others. Those of a bake's builds are of the bake, too. */
  onEvent(event: AppEvent): void;
}

export class TerminalFrontEnd {
  readonly options: TerminalFrontEndOptions;
  /** Draws on the terminal now. Paused while a question is shown. */
  #screen: Pausable | undefined;
  readonly #app: TerminalApp;
  readonly #dialog: QuestionDialog;
  /** By the id of the question. Aborted when the question is resolved elsewhere. */
  readonly #openQuestions = new Map<string, AbortController>();

  constructor(app: TerminalApp, options: TerminalFrontEndOptions) {
    this.#app = app;
    this.options = options;
    this.#dialog = new QuestionDialog({ input: options.input, output: options.errors });
    app.subscribe((event) => this.#handleQuestionEvent(event));
  }

  /**
   * Calls the app. An interruption cancels the call and ends the wait.
   * @throws Failure with the problem of the call, and the abort reason of `interrupted`
   */
  async call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
    return abortable(this.options.interrupted, this.start(name, input));
  }

  /**
   * Starts a task. An interruption cancels the call, but is not answered before the app is: the task may have started.
   * @throws Failure with the problem of the call, and the abort reason of `interrupted`
   */
  async start<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
    const { interrupted } = this.options;
    const result = await this.#app.call(name, input, { signal: interrupted });
    if (!result.ok) {
      interrupted.throwIfAborted();
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
    const { lost = neverAborts } = this.#app;
    let unsubscribe = (): void => undefined;
    let cancel = (): void => undefined;
    let setId = (_id: string): void => undefined;
    const finished = new Promise<Extract<AppEvent, { event: N }>>((resolve) => {
      const isEnd = (event: AppEvent): event is Extract<AppEvent, { event: N }> => event.event === end;
      const events = new TaskEvents((event) => {
        task.onEvent(event);
        if (isEnd(event) && (task.isEnd?.(event) ?? true)) {
          resolve(event);
        }
      });
      setId = (id) => events.setId(id);
      unsubscribe = this.subscribe((event) => events.add(event));
    });
    try {
      const id = await task.start();
      setId(id);
      cancel = () => void this.#app.call(task.cancel, { id });
      interrupted.addEventListener('abort', cancel);
      if (interrupted.aborted) {
        cancel();
      }
      return await abortable(lost, finished);
    } finally {
      interrupted.removeEventListener('abort', cancel);
      unsubscribe();
    }
  }

  /** Reads standard input to its end. @throws the abort reason of `interrupted` */
  readInput(): Promise<string> {
    return abortable(this.options.interrupted, readAll(this.options.input));
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

  /**
   * Waits for a result and shows on a terminal what it waits for.
   * @param source the project whose files are fetched meanwhile, or what an event says of the progress
   */
  async showWait<T>(
    text: string,
    result: Promise<T>,
    source?: string | ((event: AppEvent) => string | undefined),
  ): Promise<T> {
    const { errors } = this.options;
    if (!this.draws(errors)) {
      return result;
    }
    const indicator = new WaitIndicator(errors, text);
    const unsubscribe =
      source === undefined
        ? () => undefined
        : this.subscribe((event) => {
            const isOfSource = event.event === 'source.progress' && event.context === source;
            const progress = typeof source === 'function' ? source(event) : isOfSource ? event.text : undefined;
            if (progress !== undefined) {
              indicator.setText(cleanLine(progress));
            }
          });
    return this.withScreen(indicator, async () => {
      try {
        return await result;
      } finally {
        unsubscribe();
        indicator.pause();
      }
    });
  }

  /** Whether progress is drawn on the stream again and again. Otherwise it is lines, or JSON. */
  draws(stream: Writable): boolean {
    const { json, plainProgress } = this.options;
    return !json && !plainProgress && isTerminal(stream);
  }

  /** Prints a problem to standard error: as text, or as one line of JSON. */
  reportProblem(problem: Problem, severity: 'error' | 'warning' = 'error'): void {
    printProblem(this.options.errors, problem, { json: this.options.json, severity });
  }

  /** Prints an expected failure, of whatever may be thrown. */
  reportError(error: unknown): void {
    this.reportProblem(problemOf(error));
  }

  print(...lines: string[]): void {
    this.options.output.write(lines.map((line) => `${cleanPainted(line)}\n`).join(''));
  }

  /** Prints a value to standard output as one line of JSON. */
  printJson(value: unknown): void {
    this.options.output.write(`${jsonLine(value)}\n`);
  }

  /** Prints lines that are not results to standard error. With `--json`: nothing. */
  printNotes(...lines: string[]): void {
    if (!this.options.json) {
      this.options.errors.write(lines.map((line) => `${cleanPainted(line)}\n`).join(''));
    }
  }

  /** Prints the result of a command: as one line of JSON, or as lines of text. */
  printResult(value: unknown, lines: () => readonly string[]): void {
    if (this.options.json) {
      this.printJson(value);
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
    if (question.kind === 'host-key' && acceptNewHostKeys) {
      void this.#app.call('questions.answer', { id: question.id, answer: 'trust' });
      return;
    }
    if (!isTerminal(errors) || !('isTTY' in input && input.isTTY)) {
      void this.#refuse(question);
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

  /** Refuses a question, because there is no terminal for it. The resulting problem says what to do. */
  async #refuse({ id, connection, kind }: Question): Promise<void> {
    const info = await this.#app.call('app.info', {});
    if (info.ok && info.value.hasWindow) {
      this.printNotes(
        `The window of Barnraiser asks ${questionSubjects[kind]} ${cleanLine(connection)}. This command waits for the answer there.`,
      );
      return;
    }
    await this.#app.call('questions.answer', { id, answer: 'refuse' });
  }
}

/** Each before the name of a connection or an image. */
const questionSubjects: Readonly<Record<Question['kind'], string>> = {
  'host-key': 'whether to trust the host key of',
  'proxy-command': 'whether to run the ProxyCommand of',
  passphrase: 'for the passphrase of a key for',
  secret: 'for a secret of',
  password: 'for a password for',
  prompts: 'for the sign-in to',
};

async function readAll(input: Readable): Promise<string> {
  let text = '';
  for await (const chunk of input.setEncoding('utf8')) {
    text += String(chunk);
  }
  return text;
}

const neverAborts = new AbortController().signal;

/** Chooses the events of one task. Its first events can arrive before its id does. */
class TaskEvents {
  readonly #onEvent: (event: AppEvent) => void;
  #id: string | undefined;
  readonly #started = new Set<string>();
  #early: AppEvent[] = [];
  /** The bake of each build of one. */
  readonly #bakes = new Map<string, string>();

  constructor(onEvent: (event: AppEvent) => void) {
    this.#onEvent = onEvent;
  }

  add(event: AppEvent): void {
    if (event.event === 'build.started' && event.build.request.bake) {
      this.#bakes.set(event.build.id, event.build.request.bake.id);
    }
    const ids = taskIds(event).flatMap((id) => [id, this.#bakes.get(id) ?? []].flat());
    if (this.#id !== undefined) {
      if (ids.includes(this.#id)) {
        this.#onEvent(event);
      }
      return;
    }
    // tasks that were running before are others
    if (
      event.event === 'build.started' ||
      event.event === 'bake.changed' ||
      event.event === 'push.progress' ||
      event.event === 'output.changed' ||
      event.event === 'copy.progress'
    ) {
      ids.forEach((id) => void this.#started.add(id));
    }
    if (ids.some((id) => this.#started.has(id))) {
      this.#early.push(event);
    }
  }

  setId(id: string): void {
    this.#id = id;
    const early = this.#early;
    this.#early = [];
    for (const event of early) {
      this.add(event);
    }
  }
}

/** The ids of the push, the copy, the bake and the build that an event is about. */
function taskIds(event: AppEvent): string[] {
  return [
    ...('push' in event ? [event.push.id] : []),
    ...('output' in event ? [event.output.id] : []),
    ...('copy' in event ? [event.copy.id] : []),
    ...('bake' in event ? [event.bake.id] : []),
    buildIdOf(event) ?? [],
  ].flat();
}

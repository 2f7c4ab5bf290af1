import { randomUUID } from 'node:crypto';
import { pluralText } from '../shared/format.ts';
import { fail } from '../shared/problem.ts';
import type { Answer, NewQuestion, Question } from '../shared/question.ts';
import type { Events } from './events.ts';
import { noteNeededConnection } from './system/needed-connections.ts';

/**
 * Open questions to the user: decisions and secrets. A front end shows them and answers; one that cannot show them
 * refuses.
 */
export class Questions {
  readonly #events: Events;
  readonly #open = new Map<string, { question: Question; resolve: (answer: Answer) => void }>();

  /** Resolves when a front end listens. */
  #held: Promise<void> | undefined;

  constructor(events: Events) {
    this.#events = events;
  }

  /** To be called before a front end listens. @returns a function to be called when it does: what was asked meanwhile is asked then */
  hold(): () => void {
    let release = (): void => undefined;
    this.#held = new Promise((resolve) => {
      release = resolve;
    });
    return () => {
      this.#held = undefined;
      release();
    };
  }

  list(): Question[] {
    return [...this.#open.values()].map(({ question }) => question);
  }

  /**
   * Asks a question and resolves with its answer.
   * @param signal withdraws the question, which resolves with `refuse`
   */
  ask(newQuestion: NewQuestion, signal?: AbortSignal): Promise<Answer> {
    if (signal?.aborted) {
      return Promise.resolve('refuse');
    }
    if (this.#held) {
      return this.#held.then(() => this.ask(newQuestion, signal));
    }
    noteNeededConnection(newQuestion.connection);
    const id = randomUUID();
    const question: Question = { ...newQuestion, id };
    return new Promise((resolvePromise) => {
      const onAbort = (): void => this.#close(id, 'refuse');
      const resolve = (answer: Answer): void => {
        signal?.removeEventListener('abort', onAbort);
        resolvePromise(answer);
      };
      this.#open.set(id, { question, resolve });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#events.emit({ event: 'question.asked', question });
    });
  }

  /**
   * Answers an open question. If the answer is not valid, the question stays open.
   * @throws Failure `input.invalid` if the question is not open or the answer has the wrong form, `secrets.unavailable`
   * if the answer cannot be saved
   */
  answer(id: string, answer: Answer): void {
    const open = this.#open.get(id);
    if (!open) {
      throw fail(
        'input.invalid',
        `There is no open question ${id}.`,
        'It was already answered, or is no longer asked.',
      );
    }
    validateAnswer(open.question, answer);
    this.#close(id, answer);
  }

  /** Refuses all open questions. */
  close(): void {
    for (const id of [...this.#open.keys()]) {
      this.#close(id, 'refuse');
    }
  }

  #close(id: string, answer: Answer): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    if (open) {
      this.#events.emit({ event: 'question.closed', id });
      open.resolve(answer);
    }
  }
}

function validateAnswer(question: Question, answer: Answer): void {
  if (answer === 'refuse') {
    return;
  }
  if (question.kind === 'host-key' || question.kind === 'proxy-command') {
    if (typeof answer !== 'string') {
      throw fail('input.invalid', 'This question does not take secrets.', 'Answer with `trust`, `once` or `refuse`.');
    }
    return;
  }
  const expected = question.kind === 'prompts' ? question.prompts.length : 1;
  if (typeof answer === 'string' || answer.secrets.length !== expected) {
    throw fail(
      'input.invalid',
      pluralText(expected, 'The question takes one secret.', `The question takes ${expected} secrets.`),
      'Answer with that many, or with `refuse`.',
    );
  }
  if (!answer.remember) {
    return;
  }
  if (question.kind === 'prompts' || question.kind === 'secret') {
    throw fail(
      'secrets.unavailable',
      `${question.kind === 'secret' ? 'Secrets of builds' : 'Answers to the prompts of a server'} cannot be saved.`,
      'Answer without `remember`.',
    );
  }
  if (!question.remember.possible) {
    throw fail('secrets.unavailable', 'The answer cannot be saved here.', question.remember.reason);
  }
}

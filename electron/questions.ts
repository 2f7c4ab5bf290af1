import { randomUUID } from 'node:crypto';
import { fail } from '../shared/problem.ts';
import type { Answer, NewQuestion, Question } from '../shared/question.ts';
import type { Events } from './events.ts';

/** Decisions and secrets that wait for a person. A door shows them and answers; a question that nobody can answer is refused by its door. */
export class Questions {
  readonly #events: Events;
  readonly #open = new Map<string, { question: Question; settle: (answer: Answer) => void }>();

  constructor(events: Events) {
    this.#events = events;
  }

  list(): Question[] {
    return [...this.#open.values()].map(({ question }) => question);
  }

  /** @param signal takes the question back: it counts as refused then. */
  ask(asked: NewQuestion, signal?: AbortSignal): Promise<Answer> {
    if (signal?.aborted) {
      return Promise.resolve('refuse');
    }
    const id = randomUUID();
    const question: Question = { ...asked, id };
    return new Promise((resolve) => {
      const takeBack = (): void => this.#settle(id, 'refuse');
      const settle = (answer: Answer): void => {
        signal?.removeEventListener('abort', takeBack);
        resolve(answer);
      };
      this.#open.set(id, { question, settle });
      signal?.addEventListener('abort', takeBack, { once: true });
      this.#events.emit({ event: 'question.asked', question });
    });
  }

  /**
   * @throws Failure `input.invalid` where the question is not open (any more) or the answer does not fit it, and
   * `secrets.unavailable` where something is to be remembered that cannot be; the question stays open then.
   */
  answer(id: string, answer: Answer): void {
    const open = this.#open.get(id);
    if (!open) {
      throw fail('input.invalid', `There is no open question ${id}.`, 'It was answered or withdrawn before.');
    }
    check(open.question, answer);
    this.#settle(id, answer);
  }

  /** Refuses everything that is still open, so that nothing waits for a person who has left. */
  close(): void {
    for (const id of [...this.#open.keys()]) {
      this.#settle(id, 'refuse');
    }
  }

  #settle(id: string, answer: Answer): void {
    const open = this.#open.get(id);
    this.#open.delete(id);
    if (open) {
      this.#events.emit({ event: 'question.settled', id });
      open.settle(answer);
    }
  }
}

function check(question: Question, answer: Answer): void {
  if (answer === 'refuse') {
    return;
  }
  if (question.kind === 'host-key' || question.kind === 'proxy-command') {
    if (typeof answer !== 'string') {
      throw fail('input.invalid', 'A decision is not answered with secrets.', 'Answer `trust`, `once` or `refuse`.');
    }
    return;
  }
  const wanted = question.kind === 'prompts' ? question.prompts.length : 1;
  if (typeof answer === 'string' || answer.secrets.length !== wanted) {
    throw fail(
      'input.invalid',
      `The question wants ${wanted === 1 ? 'one secret' : `${wanted} secrets`}.`,
      'Answer with as many, or with `refuse`.',
    );
  }
  if (!answer.remember) {
    return;
  }
  if (question.kind === 'prompts') {
    throw fail('secrets.unavailable', 'What a server asks is not remembered.', 'Answer without `remember`.');
  }
  if (!question.remember.possible) {
    throw fail('secrets.unavailable', 'It cannot be remembered here.', question.remember.reason);
  }
}

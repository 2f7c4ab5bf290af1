import { randomUUID } from 'node:crypto';
import type { Answer, Question } from '../shared/contract.ts';
import { fail } from '../shared/problem.ts';
import type { Events } from './events.ts';

/** The key that a host has shown and that nobody has trusted yet. */
export type HostKey = Pick<Question, 'host' | 'port' | 'keyType' | 'fingerprint'>;

/** Decisions that wait for a person. A door shows them and answers; a question that nobody can answer is refused by its door. */
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
  ask(question: Omit<Question, 'id'>, signal?: AbortSignal): Promise<Answer> {
    const id = randomUUID();
    return new Promise((resolve) => {
      const takeBack = (): void => this.answer(id, 'refuse');
      const settle = (answer: Answer): void => {
        signal?.removeEventListener('abort', takeBack);
        resolve(answer);
      };
      this.#open.set(id, { question: { ...question, id }, settle });
      signal?.addEventListener('abort', takeBack, { once: true });
      this.#events.emit({ event: 'question.asked', question: { ...question, id } });
    });
  }

  /** May this key be trusted? A key that is to be trusted from now on is saved by the caller. */
  askHostKey(connection: string, key: HostKey, signal?: AbortSignal): Promise<Answer> {
    const { host, port, keyType, fingerprint } = key;
    return this.ask({ kind: 'host-key', connection, host, port, keyType, fingerprint }, signal);
  }

  /** @throws Failure `input.invalid` where the question is not open (any more). */
  answer(id: string, answer: Answer): void {
    const open = this.#open.get(id);
    if (!open) {
      throw fail('input.invalid', `There is no open question ${id}.`, 'It was answered or withdrawn before.');
    }
    this.#open.delete(id);
    this.#events.emit({ event: 'question.settled', id });
    open.settle(answer);
  }

  /** Refuses everything that is still open, so that nothing waits for a person who has left. */
  close(): void {
    for (const id of [...this.#open.keys()]) {
      this.answer(id, 'refuse');
    }
  }
}

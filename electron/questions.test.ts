import { expect, test } from 'vitest';
import type { AppEvent } from '../shared/contract.ts';
import { Events } from './events.ts';
import { Questions } from './questions.ts';

const key = { host: 'pi4.local', port: 22, keyType: 'ssh-ed25519', fingerprint: 'SHA256:x' };

function asked() {
  const events = new Events();
  const told: AppEvent[] = [];
  events.subscribe((event) => told.push(event));
  const questions = new Questions(events);
  return { questions, told };
}

test('a question is told, listed while it is open, and settled by its answer', async () => {
  const { questions, told } = asked();
  const answer = questions.askHostKey('pi4', key);
  const [question] = questions.list();
  expect(question).toMatchObject({ kind: 'host-key', connection: 'pi4', ...key });
  expect(told).toEqual([{ event: 'question.asked', question }]);
  const id = question?.id ?? '';
  questions.answer(id, 'once');
  expect(await answer).toBe('once');
  expect(questions.list()).toEqual([]);
  expect(told.at(-1)).toEqual({ event: 'question.settled', id });
});

test('a second answer to the same question is refused', async () => {
  const { questions } = asked();
  const answer = questions.askHostKey('pi4', key);
  const id = questions.list()[0]?.id ?? '';
  questions.answer(id, 'trust');
  expect(() => questions.answer(id, 'refuse')).toThrow(/no open question/);
  expect(await answer).toBe('trust');
});

test('a question whose line is given up is taken back, and one that was answered is left alone', async () => {
  const { questions, told } = asked();
  const line = new AbortController();
  const taken = questions.askHostKey('pi4', key, line.signal);
  const answered = questions.askHostKey('pi5', key, line.signal);
  questions.answer(questions.list()[1]?.id ?? '', 'trust');
  line.abort();
  expect(await taken).toBe('refuse');
  expect(await answered).toBe('trust');
  expect(questions.list()).toEqual([]);
  expect(told.filter(({ event }) => event === 'question.settled')).toHaveLength(2);
});

test('closing refuses all that is open', async () => {
  const { questions } = asked();
  const answers = [questions.askHostKey('pi4', key), questions.askHostKey('pi5', key)];
  questions.close();
  expect(await Promise.all(answers)).toEqual(['refuse', 'refuse']);
});

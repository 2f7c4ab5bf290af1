import { describe, expect, test } from 'vitest';
import type { AppEvent } from '../shared/contract.ts';
import type { NewQuestion, Remember } from '../shared/question.ts';
import { Events } from './events.ts';
import { Questions } from './questions.ts';

const key: NewQuestion = {
  kind: 'host-key',
  connection: 'pi4',
  host: 'pi4.local',
  port: 22,
  keyType: 'ssh-ed25519',
  fingerprint: 'SHA256:x',
  notes: [],
};

function password(remember: Remember): NewQuestion {
  return { kind: 'password', connection: 'pi4', user: 'kim', host: 'pi4', port: 22, wasWrong: false, remember };
}

const command: NewQuestion = {
  kind: 'proxy-command',
  connection: 'pi4',
  host: 'pi4',
  command: 'nc pi4 22',
  file: '/home/kim/.ssh/config',
  line: 2,
};

const prompts: NewQuestion = {
  kind: 'prompts',
  connection: 'pi4',
  user: 'kim',
  host: 'pi4',
  port: 22,
  title: '',
  instructions: '',
  prompts: [
    { text: 'Password:', echo: false },
    { text: 'Code:', echo: true },
  ],
  wasWrong: false,
};

function asked() {
  const events = new Events();
  const told: AppEvent[] = [];
  events.subscribe((event) => told.push(event));
  const questions = new Questions(events);
  return { questions, told };
}

test('a question is told, listed while it is open, and settled by its answer', async () => {
  const { questions, told } = asked();
  const answer = questions.ask(key);
  const [question] = questions.list();
  expect(question).toMatchObject(key);
  expect(told).toEqual([{ event: 'question.asked', question }]);
  const id = question?.id ?? '';
  questions.answer(id, 'once');
  expect(await answer).toBe('once');
  expect(questions.list()).toEqual([]);
  expect(told.at(-1)).toEqual({ event: 'question.settled', id });
});

test('a second answer to the same question is refused', async () => {
  const { questions } = asked();
  const answer = questions.ask(key);
  const id = questions.list()[0]?.id ?? '';
  questions.answer(id, 'trust');
  expect(() => questions.answer(id, 'refuse')).toThrow(/no open question/);
  expect(await answer).toBe('trust');
});

test('a question whose line is given up is taken back, and one that was answered is left alone', async () => {
  const { questions, told } = asked();
  const line = new AbortController();
  const taken = questions.ask(key, line.signal);
  const answered = questions.ask(key, line.signal);
  questions.answer(questions.list()[1]?.id ?? '', 'trust');
  line.abort();
  expect(await taken).toBe('refuse');
  expect(await answered).toBe('trust');
  expect(questions.list()).toEqual([]);
  expect(told.filter(({ event }) => event === 'question.settled')).toHaveLength(2);
});

test('what nobody waits for any more is not asked', async () => {
  const { questions, told } = asked();
  expect(await questions.ask(key, AbortSignal.abort())).toBe('refuse');
  expect(told).toEqual([]);
});

test('closing refuses all that is open', async () => {
  const { questions } = asked();
  const answers = [questions.ask(key), questions.ask(prompts)];
  questions.close();
  expect(await Promise.all(answers)).toEqual(['refuse', 'refuse']);
});

describe('an answer that does not fit the question is refused, and the question stays open', () => {
  const one = { secrets: ['secret'], remember: false };
  test.each([
    ['secrets for a host key', key, one, 'input.invalid'],
    ['secrets for a command', command, one, 'input.invalid'],
    ['trust for a password', password({ possible: true }), 'trust', 'input.invalid'],
    ['two secrets for a password', password({ possible: true }), { ...one, secrets: ['a', 'b'] }, 'input.invalid'],
    ['one secret for two prompts', prompts, one, 'input.invalid'],
    [
      'to remember what cannot be',
      password({ possible: false, reason: 'No.' }),
      { ...one, remember: true },
      'secrets.unavailable',
    ],
    ['to remember what a server asks', prompts, { secrets: ['a', 'b'], remember: true }, 'secrets.unavailable'],
  ] as const)('%s', async (_name, question, answer, code) => {
    const { questions } = asked();
    const open = questions.ask(question);
    const id = questions.list()[0]?.id ?? '';
    const given = typeof answer === 'string' ? answer : { ...answer, secrets: [...answer.secrets] };
    expect(() => questions.answer(id, given)).toThrow(
      expect.objectContaining({ problem: expect.objectContaining({ code }) }),
    );
    expect(questions.list()).toHaveLength(1);
    questions.answer(id, 'refuse');
    expect(await open).toBe('refuse');
  });
});

test('what fits is passed on', async () => {
  const { questions } = asked();
  const open = questions.ask(password({ possible: true }));
  questions.answer(questions.list()[0]?.id ?? '', { secrets: ['secret'], remember: true });
  expect(await open).toEqual({ secrets: ['secret'], remember: true });
});

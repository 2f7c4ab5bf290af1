import { describe, expect, test } from 'vitest';
import type { AppEvent } from '../shared/contract.ts';
import type { NewQuestion, RememberOption } from '../shared/question.ts';
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

function password(remember: RememberOption): NewQuestion {
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

function setUp() {
  const events = new Events();
  const emitted: AppEvent[] = [];
  events.subscribe((event) => emitted.push(event));
  const questions = new Questions(events);
  return { questions, emitted };
}

test('a question is emitted, listed while it is open, and closed by its answer', async () => {
  const { questions, emitted } = setUp();
  const answer = questions.ask(key);
  const [question] = questions.list();
  expect(question).toMatchObject(key);
  expect(emitted).toEqual([{ event: 'question.asked', question }]);
  const id = question?.id ?? '';
  questions.answer(id, 'once');
  expect(await answer).toBe('once');
  expect(questions.list()).toEqual([]);
  expect(emitted.at(-1)).toEqual({ event: 'question.closed', id });
});

test('what is asked before a front end listens is asked when it does, unless it was withdrawn', async () => {
  const { questions, emitted } = setUp();
  const onListening = questions.hold();
  const withdrawn = new AbortController();
  const refused = questions.ask(prompts, withdrawn.signal);
  const answer = questions.ask(key);
  withdrawn.abort();
  expect(questions.list()).toEqual([]);
  onListening();
  expect(await refused).toBe('refuse');
  await expect.poll(() => emitted).toMatchObject([{ event: 'question.asked', question: key }]);
  questions.answer(questions.list()[0]?.id ?? '', 'once');
  expect(await answer).toBe('once');
  void questions.ask(command);
  expect(questions.list()).toMatchObject([command]);
});

test('a second answer to the same question is refused', async () => {
  const { questions } = setUp();
  const answer = questions.ask(key);
  const id = questions.list()[0]?.id ?? '';
  questions.answer(id, 'trust');
  expect(() => questions.answer(id, 'refuse')).toThrow(/no open question/);
  expect(await answer).toBe('trust');
});

test('aborting withdraws an open question and does not affect an answered one', async () => {
  const { questions, emitted } = setUp();
  const abort = new AbortController();
  const withdrawn = questions.ask(key, abort.signal);
  const answered = questions.ask(key, abort.signal);
  questions.answer(questions.list()[1]?.id ?? '', 'trust');
  abort.abort();
  expect(await withdrawn).toBe('refuse');
  expect(await answered).toBe('trust');
  expect(questions.list()).toEqual([]);
  expect(emitted.filter(({ event }) => event === 'question.closed')).toHaveLength(2);
});

test('an aborted question is not asked', async () => {
  const { questions, emitted } = setUp();
  expect(await questions.ask(key, AbortSignal.abort())).toBe('refuse');
  expect(emitted).toEqual([]);
});

test('closing refuses all open questions', async () => {
  const { questions } = setUp();
  const answers = [questions.ask(key), questions.ask(prompts)];
  questions.close();
  expect(await Promise.all(answers)).toEqual(['refuse', 'refuse']);
});

describe('an answer that is not valid is rejected, and the question stays open', () => {
  const one = { secrets: ['secret'], remember: false };
  test.each([
    ['secrets for a host key', key, one, 'input.invalid'],
    ['secrets for a command', command, one, 'input.invalid'],
    ['trust for a password', password({ possible: true }), 'trust', 'input.invalid'],
    ['two secrets for a password', password({ possible: true }), { ...one, secrets: ['a', 'b'] }, 'input.invalid'],
    ['one secret for two prompts', prompts, one, 'input.invalid'],
    [
      'an answer that cannot be saved',
      password({ possible: false, reason: 'No.' }),
      { ...one, remember: true },
      'secrets.unavailable',
    ],
    [
      'an answer to prompts that is to be saved',
      prompts,
      { secrets: ['a', 'b'], remember: true },
      'secrets.unavailable',
    ],
  ] as const)('%s', async (_name, question, answer, code) => {
    const { questions } = setUp();
    const open = questions.ask(question);
    const id = questions.list()[0]?.id ?? '';
    const input = typeof answer === 'string' ? answer : { ...answer, secrets: [...answer.secrets] };
    expect(() => questions.answer(id, input)).toThrow(
      expect.objectContaining({ problem: expect.objectContaining({ code }) }),
    );
    expect(questions.list()).toHaveLength(1);
    questions.answer(id, 'refuse');
    expect(await open).toBe('refuse');
  });
});

test('a valid answer is passed on', async () => {
  const { questions } = setUp();
  const open = questions.ask(password({ possible: true }));
  questions.answer(questions.list()[0]?.id ?? '', { secrets: ['secret'], remember: true });
  expect(await open).toEqual({ secrets: ['secret'], remember: true });
});

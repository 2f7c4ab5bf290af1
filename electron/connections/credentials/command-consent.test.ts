import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Answer, NewQuestion } from '../../../shared/question.ts';
import type { ProxyCommandRequest } from '../proxy-command.ts';
import { AllowedCommands } from './allowed-commands.ts';
import { CommandConsent } from './command-consent.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'consent-'));
});
afterEach(() => rm(folder, { recursive: true }));

const { signal } = new AbortController();

function request(command = 'nc %h %p', host = 'pi4'): ProxyCommandRequest {
  return {
    connection: 'far',
    host,
    command: command.replace('%h', 'pi4.lan').replace('%p', '22'),
    file: '/config',
    line: 2,
    allowedCommand: { host, command },
  };
}

/** Starts the app with a person who answers with these in order, and then refuses. */
function run(...answers: (Answer | (() => Answer))[]) {
  const asked: NewQuestion[] = [];
  const consent = new CommandConsent(new AllowedCommands(folder));
  const allow = consent.allowCommandCallback(async (question) => {
    asked.push(question);
    const answer = answers.shift() ?? 'refuse';
    return typeof answer === 'function' ? answer() : answer;
  });
  return { asked, consent, allow };
}

test('a person is asked about the expanded command', async () => {
  const { asked, allow } = run();
  expect(await allow(request(), signal)).toBe(false);
  expect(asked).toEqual([
    { kind: 'proxy-command', connection: 'far', host: 'pi4', command: 'nc pi4.lan 22', file: '/config', line: 2 },
  ]);
});

test('a command that is allowed once is allowed until the app is closed, and not saved', async () => {
  const { asked, allow } = run('once');
  expect(await allow(request(), signal)).toBe(true);
  expect(await allow(request(), signal)).toBe(true);
  expect(asked).toHaveLength(1);
  await expect(readFile(join(folder, 'allowed-commands.json'))).rejects.toThrow();
  expect(await run().allow(request(), signal)).toBe(false);
});

test('a command that is trusted stays allowed after a restart, until it is removed', async () => {
  expect(await run('trust').allow(request(), signal)).toBe(true);
  const file = JSON.parse(await readFile(join(folder, 'allowed-commands.json'), 'utf8'));
  expect(file).toEqual({ version: 1, commands: [{ host: 'pi4', command: 'nc %h %p' }] });

  const { asked, allow, consent } = run();
  expect(await allow(request(), signal)).toBe(true);
  expect(asked).toEqual([]);
  expect(await consent.list()).toEqual([{ host: 'pi4', command: 'nc %h %p' }]);
  await consent.forget({ host: 'pi4', command: 'nc %h %p' });
  expect(await allow(request(), signal)).toBe(false);
  expect(asked).toHaveLength(1);
  await expect(consent.forget({ host: 'pi4', command: 'nc %h %p' })).rejects.toMatchObject({
    problem: { code: 'input.invalid' },
  });
});

test.each([
  ['a different command', request('nc  %h %p')],
  ['the same command for another host', request('nc %h %p', 'pi5')],
])('a person is asked about %s again', async (_name, other) => {
  for (const answer of ['once', 'trust'] as const) {
    const { asked, allow } = run(answer, 'refuse');
    expect(await allow(request(), signal)).toBe(true);
    expect(await allow(other, signal)).toBe(false);
    expect(asked).toHaveLength(2);
  }
});

test.each(['trust', 'once', 'refuse'] as const)(
  'connections that need the same command at once share the answer %s',
  async (answer) => {
    const { asked, allow } = run(answer);
    const all = await Promise.all(['a', 'b', 'c'].map((connection) => allow({ ...request(), connection }, signal)));
    const isYes = answer !== 'refuse';
    expect(all).toEqual([isYes, isYes, isYes]);
    expect(asked).toHaveLength(1);
  },
);

test('a person who has refused is asked again the next time', async () => {
  const { allow } = run('refuse', 'once');
  expect(await allow(request(), signal)).toBe(false);
  expect(await allow(request(), signal)).toBe(true);
});

test('a connection that is cancelled does not refuse for the others', async () => {
  const cancelled = new AbortController();
  const cancel = (): Answer => {
    cancelled.abort();
    return 'refuse';
  };
  const { asked, allow } = run(cancel, 'once');
  const both = [
    allow({ ...request(), connection: 'a' }, cancelled.signal),
    allow({ ...request(), connection: 'b' }, signal),
  ];
  expect(await Promise.all(both)).toEqual([false, true]);
  expect(asked.map(({ connection }) => connection)).toEqual(['a', 'b']);
});

test('if the file cannot be read, a person is asked and the file is not changed', async () => {
  await writeFile(join(folder, 'allowed-commands.json'), 'broken');
  const { allow } = run('once', 'trust');
  expect(await allow(request(), signal)).toBe(true);
  await expect(allow(request('other'), signal)).rejects.toMatchObject({ problem: { code: 'settings.broken' } });
  expect(await readFile(join(folder, 'allowed-commands.json'), 'utf8')).toBe('broken');
  // the lock was released after the failure
  expect(await allow(request('other'), signal)).toBe(false);
});

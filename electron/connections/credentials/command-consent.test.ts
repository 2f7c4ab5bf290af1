import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Answer, NewQuestion } from '../../../shared/question.ts';
import type { WantedCommand } from '../proxy-command.ts';
import { AllowedCommands } from './allowed-commands.ts';
import { CommandConsent } from './command-consent.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'consent-'));
});
afterEach(() => rm(folder, { recursive: true }));

const never = new AbortController().signal;

function wanted(command = 'nc %h %p', host = 'pi4'): WantedCommand {
  return {
    connection: 'far',
    host,
    command: command.replace('%h', 'pi4.lan').replace('%p', '22'),
    file: '/config',
    line: 2,
    allowed: { host, command },
  };
}

/** The app in one run of it, and a person who gives these answers. */
function run(...answers: (Answer | (() => Answer))[]) {
  const asked: NewQuestion[] = [];
  const consent = new CommandConsent(new AllowedCommands(folder));
  const allow = consent.asking(async (question) => {
    asked.push(question);
    const answer = answers.shift() ?? 'refuse';
    return typeof answer === 'function' ? answer() : answer;
  });
  return { asked, consent, allow };
}

test('a person is asked about the command as it would be run', async () => {
  const { asked, allow } = run();
  expect(await allow(wanted(), never)).toBe(false);
  expect(asked).toEqual([
    { kind: 'proxy-command', connection: 'far', host: 'pi4', command: 'nc pi4.lan 22', file: '/config', line: 2 },
  ]);
});

test('what is run once is run until the app is closed, and written nowhere', async () => {
  const { asked, allow } = run('once');
  expect(await allow(wanted(), never)).toBe(true);
  expect(await allow(wanted(), never)).toBe(true);
  expect(asked).toHaveLength(1);
  await expect(readFile(join(folder, 'allowed-commands.json'))).rejects.toThrow();
  expect(await run().allow(wanted(), never)).toBe(false);
});

test('what is trusted is run in each run of the app, until it is forgotten', async () => {
  expect(await run('trust').allow(wanted(), never)).toBe(true);
  const file = JSON.parse(await readFile(join(folder, 'allowed-commands.json'), 'utf8'));
  expect(file).toEqual({ version: 1, commands: [{ host: 'pi4', command: 'nc %h %p' }] });

  const { asked, allow, consent } = run();
  expect(await allow(wanted(), never)).toBe(true);
  expect(asked).toEqual([]);
  expect(await consent.list()).toEqual([{ host: 'pi4', command: 'nc %h %p' }]);
  await consent.forget({ host: 'pi4', command: 'nc %h %p' });
  expect(await allow(wanted(), never)).toBe(false);
  expect(asked).toHaveLength(1);
  await expect(consent.forget({ host: 'pi4', command: 'nc %h %p' })).rejects.toMatchObject({
    problem: { code: 'input.invalid' },
  });
});

test.each([
  ['another command', wanted('nc  %h %p')],
  ['the same command for another host', wanted('nc %h %p', 'pi5')],
])('%s is asked about anew', async (_name, other) => {
  for (const answer of ['once', 'trust'] as const) {
    const { asked, allow } = run(answer, 'refuse');
    expect(await allow(wanted(), never)).toBe(true);
    expect(await allow(other, never)).toBe(false);
    expect(asked).toHaveLength(2);
  }
});

test.each(['trust', 'once', 'refuse'] as const)(
  'those who want the same at once get the one answer %s',
  async (answer) => {
    const { asked, allow } = run(answer);
    const all = await Promise.all(['a', 'b', 'c'].map((connection) => allow({ ...wanted(), connection }, never)));
    const isYes = answer !== 'refuse';
    expect(all).toEqual([isYes, isYes, isYes]);
    expect(asked).toHaveLength(1);
  },
);

test('who has refused is asked again the next time', async () => {
  const { allow } = run('refuse', 'once');
  expect(await allow(wanted(), never)).toBe(false);
  expect(await allow(wanted(), never)).toBe(true);
});

test('a line that is given up has not refused for the others', async () => {
  const left = new AbortController();
  const taken = (): Answer => {
    left.abort();
    return 'refuse';
  };
  const { asked, allow } = run(taken, 'once');
  const both = [allow({ ...wanted(), connection: 'a' }, left.signal), allow({ ...wanted(), connection: 'b' }, never)];
  expect(await Promise.all(both)).toEqual([false, true]);
  expect(asked.map(({ connection }) => connection)).toEqual(['a', 'b']);
});

test('where the file cannot be read a person is asked, and it is left as it is', async () => {
  await writeFile(join(folder, 'allowed-commands.json'), 'broken');
  const { allow } = run('once', 'trust');
  expect(await allow(wanted(), never)).toBe(true);
  await expect(allow(wanted('other'), never)).rejects.toMatchObject({ problem: { code: 'settings.broken' } });
  expect(await readFile(join(folder, 'allowed-commands.json'), 'utf8')).toBe('broken');
  // nobody waits for a turn that has failed
  expect(await allow(wanted('other'), never)).toBe(false);
});

import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { Question, QuestionOf } from '../../shared/question.ts';
import { askPassword, QuestionDialog } from './ask.ts';

const question: QuestionOf<'host-key'> = {
  id: 'q1',
  kind: 'host-key',
  connection: 'pi4',
  host: 'pi4.local',
  port: 22,
  keyType: 'ssh-ed25519',
  fingerprint: 'SHA256:uNiVztksCsDhcc0u9e8BrZJXvAbYT9F7w8rSBp3G8zc',
  notes: [],
};

/** A person at a terminal. */
class Person {
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  seen = '';
  #read = 0;

  constructor() {
    this.output.on('data', (chunk) => {
      this.seen += String(chunk);
    });
  }

  /** Waits until something that was not waited for before is on the screen. */
  async sees(text: string): Promise<void> {
    while (!this.seen.slice(this.#read).includes(text)) {
      await once(this.output, 'data');
    }
    this.#read = this.seen.indexOf(text, this.#read) + text.length;
  }

  types(line: string): void {
    this.input.write(`${line}\n`);
  }
}

test('the question names the host and shows its key as ssh does', async () => {
  const person = new Person();
  const answer = new QuestionDialog(person).ask(question);
  await person.sees('(yes/no/once)? ');
  expect(person.seen).toBe(
    "The authenticity of host 'pi4.local' (pi4) can't be established.\n" +
      'ED25519 key fingerprint is SHA256:uNiVztksCsDhcc0u9e8BrZJXvAbYT9F7w8rSBp3G8zc.\n' +
      'Are you sure you want to continue connecting (yes/no/once)? ',
  );
  person.types('yes');
  expect(await answer).toBe('trust');
});

test('a port of its own is shown', async () => {
  const person = new Person();
  const answer = new QuestionDialog(person).ask({ ...question, port: 2201, keyType: 'ecdsa-sha2-nistp256' });
  await person.sees('ECDSA key');
  expect(person.seen).toContain("'[pi4.local]:2201' (pi4)");
  person.types('no');
  expect(await answer).toBe('refuse');
});

test.each([
  ['YES', 'trust'],
  [' once ', 'once'],
  ['no', 'refuse'],
  [question.fingerprint, 'trust'],
])('%j means %s', async (line, expected) => {
  const person = new Person();
  const answer = new QuestionDialog(person).ask(question);
  await person.sees('(yes/no/once)? ');
  person.types(line);
  expect(await answer).toBe(expected);
});

test('anything else is asked again, also another fingerprint', async () => {
  const person = new Person();
  const answer = new QuestionDialog(person).ask(question);
  await person.sees('(yes/no/once)? ');
  for (const line of ['y', '', 'SHA256:another', 'toString']) {
    person.types(line);
    await person.sees('Please type');
  }
  person.types('once');
  expect(await answer).toBe('once');
});

test('the end of input refuses', async () => {
  const person = new Person();
  const answer = new QuestionDialog(person).ask(question);
  await person.sees('(yes/no/once)? ');
  person.input.end();
  expect(await answer).toBe('refuse');
});

test('nodes that ask at once are asked about one after another, while the screen is paused', async () => {
  const person = new Person();
  const dialog = new QuestionDialog(person);
  const calls: string[] = [];
  const screen = { pause: () => calls.push('pause'), resume: () => calls.push('resume') };
  const first = dialog.ask(question, screen);
  const second = dialog.ask({ ...question, id: 'q2', connection: 'pi5' }, screen);
  await person.sees('(pi4)');
  await person.sees('(yes/no/once)? ');
  expect(person.seen).not.toContain('pi5');
  expect(calls).toEqual(['pause']);
  person.types('no');
  expect(await first).toBe('refuse');
  await person.sees('(pi5)');
  await person.sees('(yes/no/once)? ');
  person.types('yes');
  expect(await second).toBe('trust');
  expect(calls).toEqual(['pause', 'resume', 'pause', 'resume']);
});

test('a question that was settled elsewhere is taken back', async () => {
  const person = new Person();
  const dialog = new QuestionDialog(person);
  const [open, waiting] = [new AbortController(), new AbortController()];
  const first = dialog.ask(question, undefined, open.signal);
  const second = dialog.ask({ ...question, connection: 'pi5' }, undefined, waiting.signal);
  await person.sees('(yes/no/once)? ');
  waiting.abort();
  open.abort();
  expect(await first).toBe('refuse');
  expect(await second).toBe('refuse');
  expect(person.seen).not.toContain('pi5');
});

test('what else there is to know about a key stands before the question', async () => {
  const person = new Person();
  const answer = new QuestionDialog(person).ask({ ...question, notes: ['A certificate authority vouches for it.'] });
  await person.sees('(yes/no/once)? ');
  expect(person.seen).toMatch(/G8zc\.\nA certificate authority vouches for it\.\nAre you sure/);
  person.types('no');
  await answer;
});

const command: QuestionOf<'proxy-command'> = {
  id: 'q5',
  kind: 'proxy-command',
  connection: 'far',
  host: 'pi4',
  command: 'nc \u001b[8mpi4.lan\u202e 22',
  file: '/home/kim/.ssh/config',
  line: 12,
};

test('a command is shown as it would be run, whole and harmless, and asked about', async () => {
  const person = new Person();
  const answer = new QuestionDialog(person).ask(command);
  await person.sees('(yes/no/once)? ');
  expect(person.seen).toBe(
    'The SSH configuration reaches pi4 (far) by running a command of /home/kim/.ssh/config:12:\n' +
      '  nc \\u{1b}[8mpi4.lan\\u{202e} 22\n' +
      'It runs on this computer, with all that you may do. Run it (yes/no/once)? ',
  );
  person.types('y');
  await person.sees("Please type 'yes' (and run it whenever");
  person.types('yes');
  expect(await answer).toBe('trust');
});

test.each([
  ['once', 'once'],
  ['no', 'refuse'],
  [undefined, 'refuse'],
])('%j to a command means %s', async (line, expected) => {
  const person = new Person();
  const answer = new QuestionDialog(person).ask(command);
  await person.sees('(yes/no/once)? ');
  if (line === undefined) {
    person.input.end();
  } else {
    person.types(line);
  }
  expect(await answer).toBe(expected);
});

const password: Question = {
  id: 'q2',
  kind: 'password',
  connection: 'pi4',
  user: 'kim',
  host: 'pi4.local',
  port: 22,
  wasWrong: false,
  remember: { possible: false, reason: 'There is no keychain here.' },
};
const passphrase: Question = {
  id: 'q3',
  kind: 'passphrase',
  connection: 'pi4',
  path: '/home/kim/.ssh/id_ed25519',
  wasWrong: false,
  remember: { possible: false, reason: 'There is no keychain here.' },
};
const prompts: Question = {
  id: 'q4',
  kind: 'prompts',
  connection: 'pi4',
  user: 'kim',
  host: 'pi4.local',
  port: 22,
  title: 'Two steps',
  instructions: 'Have your token at hand.',
  prompts: [
    { text: 'Password:', echo: false },
    { text: 'Code: ', echo: true },
  ],
  wasWrong: false,
};

test('a passphrase and a password are asked for in the words of ssh, and are not shown', async () => {
  const person = new Person();
  const dialog = new QuestionDialog(person);
  const first = dialog.ask(passphrase);
  await person.sees("Enter passphrase for key '/home/kim/.ssh/id_ed25519': ");
  person.types('open sesame');
  expect(await first).toEqual({ secrets: ['open sesame'], remember: false });
  const second = dialog.ask(password);
  await person.sees("kim@pi4.local's password: ");
  person.types('secret');
  expect(await second).toEqual({ secrets: ['secret'], remember: false });
  expect(person.seen).toBe("Enter passphrase for key '/home/kim/.ssh/id_ed25519': \nkim@pi4.local's password: \n");
});

test('a wrong one is said before it is asked for again', async () => {
  const person = new Person();
  const dialog = new QuestionDialog(person);
  const first = dialog.ask({ ...password, wasWrong: true });
  await person.sees("Permission denied, please try again.\nkim@pi4.local's password: ");
  person.types('secret');
  await first;
  const second = dialog.ask({ ...passphrase, wasWrong: true });
  await person.sees('Bad passphrase, try again.\nEnter passphrase');
  person.types('open sesame');
  await second;
});

test('what a server asks is answered prompt by prompt', async () => {
  const person = new Person();
  const answer = new QuestionDialog(person).ask(prompts);
  await person.sees('Two steps\nHave your token at hand.\n(kim@pi4.local) Password: ');
  person.types('secret');
  await person.sees('(kim@pi4.local) Code: ');
  person.types('123456');
  expect(await answer).toEqual({ secrets: ['secret', '123456'], remember: false });
  expect(person.seen).not.toContain('secret');
});

test.each([
  ['Ctrl+C', '\u0003'],
  ['the end of input', undefined],
])('%s at a secret refuses', async (_name, typed) => {
  const person = new Person();
  const answer = new QuestionDialog(person).ask(prompts);
  await person.sees('Password: ');
  if (typed === undefined) {
    person.input.end();
  } else {
    person.input.write(typed);
  }
  expect(await answer).toBe('refuse');
});

test('a secret that was given elsewhere is asked for no longer, and the next one is', async () => {
  const person = new Person();
  const dialog = new QuestionDialog(person);
  const settled = new AbortController();
  const first = dialog.ask(password, undefined, settled.signal);
  const second = dialog.ask(passphrase);
  await person.sees('password: ');
  settled.abort();
  expect(await first).toBe('refuse');
  await person.sees('Enter passphrase');
  person.types('open sesame');
  expect(await second).toEqual({ secrets: ['open sesame'], remember: false });
});

test('a password is read and not shown', async () => {
  const person = new Person();
  const answer = askPassword('Password: ', person);
  await person.sees('Password: ');
  person.types('secret');
  expect(await answer).toBe('secret');
  expect(person.seen).toBe('Password: \n');
});

test('a person may give up', async () => {
  const person = new Person();
  const answer = askPassword('Password: ', person);
  await person.sees('Password: ');
  person.input.write('sec\u0003');
  expect(await answer).toBeUndefined();
  expect(await new Promise((resolve) => resolve(person.seen))).not.toContain('sec');
});

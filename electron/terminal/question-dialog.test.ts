import { expect, test } from 'vitest';
import type { Question, QuestionOf } from '../../shared/question.ts';
import { QuestionDialog } from './question-dialog.ts';
import { FakePerson } from './testing/fake-person.ts';

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

test('a host key question shows the host and the key as ssh does', async () => {
  const person = new FakePerson();
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

test('a non-default port is shown', async () => {
  const person = new FakePerson();
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
])('the answer %j means %s', async (line, expected) => {
  const person = new FakePerson();
  const answer = new QuestionDialog(person).ask(question);
  await person.sees('(yes/no/once)? ');
  person.types(line);
  expect(await answer).toBe(expected);
});

test('any other answer is asked again, even another fingerprint', async () => {
  const person = new FakePerson();
  const answer = new QuestionDialog(person).ask(question);
  await person.sees('(yes/no/once)? ');
  for (const line of ['y', '', 'SHA256:another', 'toString']) {
    person.types(line);
    await person.sees('Please type');
  }
  person.types('once');
  expect(await answer).toBe('once');
});

test('the end of the input refuses', async () => {
  const person = new FakePerson();
  const answer = new QuestionDialog(person).ask(question);
  await person.sees('(yes/no/once)? ');
  person.input.end();
  expect(await answer).toBe('refuse');
});

test('simultaneous questions are asked one after another, with the screen paused', async () => {
  const person = new FakePerson();
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

test('a question that is resolved elsewhere is closed', async () => {
  const person = new FakePerson();
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

test('notes about a key are shown before the question', async () => {
  const person = new FakePerson();
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

test('a proxy command question shows the whole command with escaped control characters', async () => {
  const person = new FakePerson();
  const answer = new QuestionDialog(person).ask(command);
  await person.sees('(yes/no/once)? ');
  expect(person.seen).toBe(
    'The SSH configuration connects to pi4 (far) through a command from /home/kim/.ssh/config:12:\n' +
      '  nc \\u{1b}[8mpi4.lan\\u{202e} 22\n' +
      'The command runs on this computer with your permissions. Run it (yes/no/once)? ',
  );
  person.types('y');
  await person.sees("Please type 'yes' (and always allow it)");
  person.types('yes');
  expect(await answer).toBe('trust');
});

test.each([
  ['once', 'once'],
  ['no', 'refuse'],
  [undefined, 'refuse'],
])('the answer %j to a proxy command question means %s', async (line, expected) => {
  const person = new FakePerson();
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

test('passphrases and passwords are asked for in the words of ssh and not shown', async () => {
  const person = new FakePerson();
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

test('a wrong secret is reported before it is asked for again', async () => {
  const person = new FakePerson();
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

test('the prompts of a server are answered one by one', async () => {
  const person = new FakePerson();
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
  ['the end of the input', undefined],
])('%s at a secret prompt refuses', async (_name, typed) => {
  const person = new FakePerson();
  const answer = new QuestionDialog(person).ask(prompts);
  await person.sees('Password: ');
  if (typed === undefined) {
    person.input.end();
  } else {
    person.input.write(typed);
  }
  expect(await answer).toBe('refuse');
});

test('when a secret is entered elsewhere, the next question is asked', async () => {
  const person = new FakePerson();
  const dialog = new QuestionDialog(person);
  const closed = new AbortController();
  const first = dialog.ask(password, undefined, closed.signal);
  const second = dialog.ask(passphrase);
  await person.sees('password: ');
  closed.abort();
  expect(await first).toBe('refuse');
  await person.sees('Enter passphrase');
  person.types('open sesame');
  expect(await second).toEqual({ secrets: ['open sesame'], remember: false });
});

import { expect, test } from 'vitest';
import { askPassword } from './prompt.ts';
import { FakePerson } from './testing/fake-person.ts';

test('a password is read without showing it', async () => {
  const person = new FakePerson();
  const answer = askPassword('Password: ', person);
  await person.sees('Password: ');
  person.types('secret');
  expect(await answer).toBe('secret');
  expect(person.seen).toBe('Password: \n');
});

test('Ctrl+C at a password resolves with undefined', async () => {
  const person = new FakePerson();
  const answer = askPassword('Password: ', person);
  await person.sees('Password: ');
  person.input.write('sec\u0003');
  expect(await answer).toBeUndefined();
  expect(await new Promise((resolve) => resolve(person.seen))).not.toContain('sec');
});

import { expect, test } from 'vitest';
import { nameSchema } from './connection.ts';
import { freeName, toName } from './free-name.ts';

test.each([
  ['pi4', 'pi4'],
  ['my box', 'my-box'],
  ['a+b/c:d', 'a-b-c-d'],
  ['__proto__', 'proto__'],
  ['-._x', 'x'],
  ['Küche', 'K-che'],
  ['box!', 'box'],
  ['日本', 'engine'],
  ['', 'engine'],
  ['\u0000\n', 'engine'],
  ['a'.repeat(100), 'a'.repeat(63)],
])('%j becomes the name %j', (text, name) => {
  expect(toName(text, 'engine')).toBe(name);
  expect(nameSchema.safeParse(name).success).toBe(true);
});

test('a name in use gets the first free number and stays within the longest length', () => {
  const taken = new Set(['pi', 'pi-2', 'a'.repeat(63)]);
  const isTaken = (name: string) => taken.has(name);
  expect(freeName('box', isTaken)).toBe('box');
  expect(freeName('pi', isTaken)).toBe('pi-3');
  expect(freeName('a'.repeat(63), isTaken)).toBe(`${'a'.repeat(61)}-2`);
});

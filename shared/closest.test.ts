import { expect, test } from 'vitest';
import { closest } from './closest.ts';

test('a mistyped name is matched to the closest name', () => {
  expect(closest('big-adm', ['pi4', 'big-arm', 'big-amd'])).toBe('big-amd');
  expect(closest('pi', ['pi4', 'mac'])).toBe('pi4');
});

test('upper and lower case do not matter', () => {
  expect(closest('PI4', ['pi5', 'pi4'])).toBe('pi4');
});

test('a name that is close to no known name has no match', () => {
  expect(closest('laptop', ['pi4', 'big-amd'])).toBeUndefined();
  expect(closest('x', [])).toBeUndefined();
});

test('words that both begin with do not make two names close', () => {
  const platforms = ['linux/amd64', 'linux/arm64', 'linux/386', 'linux/s390x'];
  expect(closest('linux/foo', platforms)).toBeUndefined();
  expect(closest('registry.example.com/team/api', ['registry.example.com/team/web'])).toBeUndefined();
  expect(closest('linux/amd46', platforms)).toBe('linux/amd64');
  expect(closest('linux/arm6', platforms)).toBe('linux/arm64');
  expect(closest('linus/amd64', platforms)).toBe('linux/amd64');
  expect(closest('x', ['a'])).toBeUndefined();
});

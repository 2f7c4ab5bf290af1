import { expect, test } from 'vitest';
import { closest } from './closest.ts';

test('a slip of the finger means the name beside it', () => {
  expect(closest('big-adm', ['pi4', 'big-arm', 'big-amd'])).toBe('big-amd');
  expect(closest('pi', ['pi4', 'mac'])).toBe('pi4');
});

test('capital letters alone make no difference', () => {
  expect(closest('PI4', ['pi5', 'pi4'])).toBe('pi4');
});

test('a name that is like none of the known ones means none', () => {
  expect(closest('laptop', ['pi4', 'big-amd'])).toBeUndefined();
  expect(closest('x', [])).toBeUndefined();
});

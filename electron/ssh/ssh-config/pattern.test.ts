import { expect, test } from 'vitest';
import { matchesList, matchesPattern } from './pattern.ts';

test.each([
  ['pi4', 'pi*', true],
  ['pi4', 'pi?', true],
  ['pi4', 'pi??', false],
  ['pi4', '*', true],
  ['a.b.lan', '*.lan', true],
  ['a.b.land', '*.lan', false],
  ['pi4', '', false],
  ['', '*', true],
])('%s and the pattern %s: %s', (text, pattern, isMatching) => {
  expect(matchesPattern(text, pattern)).toBe(isMatching);
});

test('a negated pattern overrules the others in a list', () => {
  expect(matchesList('pi4', 'a,pi*')).toBe(true);
  expect(matchesList('pi4', 'pi*,!pi4')).toBe(false);
  expect(matchesList('pi4', '!pi5')).toBe(false);
});

test('a pattern with hundreds of stars, for which backtracking would take for ever, is matched at once', () => {
  expect(matchesPattern('a'.repeat(5_000), `${'*a'.repeat(500)}b`)).toBe(false);
});

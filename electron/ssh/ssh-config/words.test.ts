import { expect, test } from 'vitest';
import { matchesList, matchesPattern } from './pattern.ts';
import { splitWords, takeWord } from './words.ts';

test.each([
  ['HostName pi4', 'HostName', 'pi4'],
  ['HostName=pi4', 'HostName', 'pi4'],
  ['HostName \t = \t pi4', 'HostName', 'pi4'],
  ['HostName==pi4', 'HostName', '=pi4'],
  ['"HostName" pi4', 'HostName', 'pi4'],
  ['HostName', 'HostName', ''],
])('%s is a keyword and its value', (line, word, rest) => {
  expect(takeWord(line)).toEqual({ word, rest });
});

test.each([
  ['a b', ['a', 'b']],
  ['"a b" c', ['a b', 'c']],
  ["'a \"b' c", ['a "b', 'c']],
  ['a\\ b \\"c', ['a b', '"c']],
  ['a#b # c', ['a#b']],
  ['pre"fix ed"', ['prefix ed']],
  ['""', ['']],
])('%s is split as a shell would nearly do', (text, words) => {
  expect(splitWords(text)).toEqual(words);
});

test('a quote that is not closed is no list of words', () => {
  expect(splitWords('"a b')).toBeUndefined();
});

test.each([
  ['pi4', 'pi*', true],
  ['pi4', 'pi?', true],
  ['pi4', 'pi??', false],
  ['pi4', '*', true],
  ['a.b.lan', '*.lan', true],
  ['a.b.land', '*.lan', false],
  ['pi4', '', false],
  ['', '*', true],
])('%s and the pattern %s: %s', (text, pattern, matches) => {
  expect(matchesPattern(text, pattern)).toBe(matches);
});

test('in a list of patterns one that is negated overrules', () => {
  expect(matchesList('pi4', 'a,pi*')).toBe(true);
  expect(matchesList('pi4', 'pi*,!pi4')).toBe(false);
  expect(matchesList('pi4', '!pi5')).toBe(false);
});

// one that goes back at each star would not be done within the age of the universe
test('a pattern that makes others think for ages is answered', () => {
  expect(matchesPattern('a'.repeat(5_000), `${'*a'.repeat(500)}b`)).toBe(false);
});

import { expect, test } from 'vitest';
import { splitWords, takeWord } from './words.ts';

test.each([
  ['HostName pi4', 'HostName', 'pi4'],
  ['HostName=pi4', 'HostName', 'pi4'],
  ['HostName \t = \t pi4', 'HostName', 'pi4'],
  ['HostName==pi4', 'HostName', '=pi4'],
  ['"HostName" pi4', 'HostName', 'pi4'],
  ['HostName', 'HostName', ''],
])('%s is split into a keyword and its value', (line, word, rest) => {
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
])('%s is split into words almost as a shell does', (text, words) => {
  expect(splitWords(text)).toEqual(words);
});

test('a text with an unclosed quote has no words', () => {
  expect(splitWords('"a b')).toBeUndefined();
});

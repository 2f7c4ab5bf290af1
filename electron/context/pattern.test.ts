import { describe, expect, it } from 'vitest';
import { compilePattern } from './pattern.ts';

function pattern(text: string) {
  const compiled = compilePattern(text);
  if (!compiled) {
    throw new Error(`${text} was refused`);
  }
  return compiled;
}

describe('a pattern', () => {
  it.each([
    ['a.txt', ['a.txt'], ['a_txt', 'a.txt/b', 'b/a.txt']],
    ['*.txt', ['a.txt', '.txt'], ['a/b.txt', 'a.txtx']],
    ['a?c', ['abc', 'a漢c', 'a😀c'], ['ac', 'a/c', 'abbc']],
    ['[a-c]1', ['a1', 'c1'], ['d1', 'A1']],
    ['[^a]1', ['b1', '^1'], ['a1']],
    ['[!a]1', ['!1', 'a1'], ['b1']],
    ['[[:upper:][:digit:]]', ['A', '7'], ['a', ':']],
    ['a[.+(]b', ['a.b', 'a+b', 'a(b'], ['axb']],
    ['\\[x\\]', ['[x]'], ['x']],
    ['a\\*', ['a*'], ['ab']],
    ['(1){2}+|$', ['(1){2}+|$'], ['11', '']],
    ['**', ['a', 'a/b/c'], []],
    ['a/**', ['a/b', 'a/b/c'], ['a', 'ab']],
    ['**/b', ['b', 'a/b', 'a/c/b'], ['ab', 'b/c']],
    ['a/**/b', ['a/b', 'a/x/b', 'a/x/y/b'], ['ab', 'a/xb']],
    ['**/*.go', ['x.go', 'a/b/x.go'], ['x.gox']],
    ['**b', ['b', 'ab', 'a/b', 'a/xb'], ['bc']], // a side effect of moby's shortcut for a leading **
  ])('%s matches the same paths as in moby/patternmatcher', (text, matching, others) => {
    expect(matching.filter((path) => !pattern(text).matches(path))).toEqual([]);
    expect(others.filter((path) => pattern(text).matches(path))).toEqual([]);
  });

  it.each([
    '[',
    '[]',
    '[]a]',
    '[a',
    'a[',
    '[-a]',
    '[a-]',
    '[a-b-c]',
    '[^]',
    '[z-a]',
    'a\\',
    '\\q',
    '\\é',
    '[[:nothing:]]',
  ])('%s is refused, as in Go', (text) => {
    expect(compilePattern(text)).toBeUndefined();
  });

  it('may match below some folders only', () => {
    expect(pattern('a/b/c').mayMatchBelow('a')).toBe(true);
    expect(pattern('a/b/c').mayMatchBelow('a/b')).toBe(true);
    expect(pattern('a/b/c').mayMatchBelow('a/b/c')).toBe(false);
    expect(pattern('a/b/c').mayMatchBelow('b')).toBe(false);
    expect(pattern('*/x').mayMatchBelow('a')).toBe(true);
    expect(pattern('*/x').mayMatchBelow('a/b')).toBe(false);
    expect(pattern('**/x').mayMatchBelow('a/b/c')).toBe(true);
    expect(pattern('a/**').mayMatchBelow('a/b/c')).toBe(true);
    expect(pattern('a/**').mayMatchBelow('b')).toBe(false);
  });

  it('may match below any folder after a class that can match a slash', () => {
    expect(pattern('a[^x]b').matches('a/b')).toBe(true);
    expect(pattern('a[^x]b').mayMatchBelow('a')).toBe(true);
  });
});

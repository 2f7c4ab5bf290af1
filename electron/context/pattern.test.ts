import { describe, expect, it } from 'vitest';
import { compilePattern } from './pattern.ts';

function pattern(text: string) {
  const compiled = compilePattern(text);
  if (!compiled) {
    throw new Error(`${text} was refused`);
  }
  return compiled;
}

/** The regular expression that moby/patternmatcher makes of a pattern that does not begin with `**`. */
function mobyExpression(text: string): RegExp {
  const source = text.replaceAll(/\*\*\/?|\*|\?|\\.|[.$]/g, (part, at: number) => {
    if (part.startsWith('**')) {
      return at + part.length === text.length ? '[^]*' : '(?:[^]*/)?';
    }
    return { '*': '[^/]*', '?': '[^/]', '.': '\\.', $: '\\$' }[part] ?? part;
  });
  return new RegExp(`^${source}$`, 'u');
}

/** A linear congruential generator: the same numbers for the same seed. @returns a number from 0 to below `limit` */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * limit);
  };
}

function randomText(next: (limit: number) => number, parts: readonly string[], maxParts: number): string {
  return Array.from({ length: 1 + next(maxParts) }, () => parts[next(parts.length)] ?? '').join('');
}

it('a random pattern matches the same paths as the regular expression that engines make of it', () => {
  const next = randomNumbers(7);
  const patternParts = ['a', 'b', '.', '/', '*', '**', '**/', '?', '[ab]', '[^a]', '\\*', '\\b', '\\B', '\\d', '漢'];
  const pathParts = ['a', 'b', '.', '/', '*', '1', 'ab', '漢', '😀'];
  let matches = 0;
  for (let count = 0; count < 20_000; count++) {
    // a wildcard at the start or end has a meaning of its own, which is tested above
    const text = `?${randomText(next, patternParts, 8)}`;
    const path = randomText(next, pathParts, 8);
    const expected = mobyExpression(text).test(path);
    expect(`${text} ${path} ${pattern(text).matches(path)}`).toBe(`${text} ${path} ${expected}`);
    matches += expected ? 1 : 0;
  }
  expect(matches).toBeGreaterThan(500);
});

it('matches long paths with many wildcards in linear time', () => {
  const path = `${'a'.repeat(200)}/`.repeat(20);
  for (const text of [
    '*a*a*a*a*a*a*a*a*a*a*a*b',
    '**a'.repeat(1_000),
    `${'**/*a*'.repeat(600)}b`,
    '[^b]*'.repeat(800),
  ]) {
    expect(pattern(text).matches(`${path}c`)).toBe(text.startsWith('[^b]'));
    expect(pattern(text).mayMatchBelow(path)).toBeTypeOf('boolean');
  }
  expect(compilePattern('['.repeat(1_000_000))).toBeUndefined();
  expect(compilePattern('[a'.repeat(500_000))).toBeUndefined();
  expect(compilePattern(`${'[a-b]'.repeat(200_000)}[`)).toBeUndefined();
});

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

import { describe, expect, it } from 'vitest';
import { expandWord, SubstitutionError } from './shell-word.ts';

const variables = new Map<string, string | undefined>([
  ['A', 'one'],
  ['EMPTY', ''],
  ['UNKNOWN', undefined],
]);
/** With `%` for `$`, which is no variable of these texts. */
const expand = (word: string) => expandWord(word.replaceAll('%', '$'), variables, '\\');

describe('a word with variables', () => {
  it.each([
    ['%A-%{A}', 'one-one'],
    [`"%A" '%A'`, 'one $A'],
    ['\\%A "\\%A" \\a "\\a"', '$A $A a \\a'],
    ['%{EMPTY:-x}%{EMPTY-x}%{NONE-y}', 'xy'],
    ['%{A:+x}%{EMPTY:+x}%{NONE+x}', 'x'],
    ['%{NONE:-%{A}b}', 'oneb'],
    ['%', '$'],
    ['a%NONE', 'a'],
  ])('%j becomes %j', (word, text) => {
    expect(expand(word).text).toBe(text);
  });

  it.each(['%UNKNOWN', 'a%{UNKNOWN:-x}', '%{A#o}', '%{A/o/e}'])('%j is not known', (word) => {
    expect(expand(word).text).toBeUndefined();
  });

  it('tells which variables have no value, also those with a default', () => {
    const { used, undefined: missing } = expand('%A %{NONE:-%OTHER} %EMPTY');
    expect([...used]).toEqual(['A', 'EMPTY']);
    expect([...missing]).toEqual(['NONE', 'OTHER']);
  });

  it.each([
    ['"a', '"'],
    ["'a", "'"],
    ['%{A', '}'],
    ['%{A:-b', '}'],
  ])('%j lacks its end', (word, missing) => {
    expect(() => expand(word)).toThrow(expect.objectContaining({ missing }));
  });

  it('that is nested without end is refused, and a long one is read in linear time', () => {
    expect(() => expand('%{A:-'.repeat(200_000))).toThrow(SubstitutionError);
    expect(expand('%A'.repeat(300_000)).text).toHaveLength(900_000);
  });
});

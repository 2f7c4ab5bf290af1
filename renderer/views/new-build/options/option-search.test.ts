import { describe, expect, it } from 'vitest';
import { formOptions } from './option-draft.ts';
import { byGroup, commonOptions, findOptions } from './option-search.ts';

describe('a search of options', () => {
  it.each([
    ['memory', ['memory', 'memorySwap', 'cpusetMems']],
    ['--shm-size', ['shmSize']],
    ['SHM', ['shmSize']],
    ['pull base', ['pull', 'retry', 'retryDelay']],
    ['--keep', ['retention']],
    ['hosts that steps', ['addHosts']],
    ['nothing is called that', []],
  ])('%s finds what has all its words', (search, names) => {
    expect(findOptions(search)).toEqual(expect.arrayContaining(names));
    expect(findOptions(search).length).toBeLessThan(8);
  });

  it('without words finds all', () => {
    expect(findOptions('  ')).toEqual(formOptions);
  });
});

it('groups have each option once, in the order of the table', () => {
  const groups = byGroup(formOptions);
  expect(groups.flatMap(({ names }) => names).toSorted()).toEqual([...formOptions].sort());
  expect(commonOptions.every((name) => formOptions.includes(name))).toBe(true);
});

import { describe, expect, it } from 'vitest';
import { optionRow, type RequestOptionName, requestOptionNames } from '../../../../shared/build-options.ts';
import {
  changedOptions,
  enterOption,
  entryOf,
  formOptions,
  invalidOptions,
  keyValueError,
  noOptions,
  readEntry,
  restoreOptions,
  setKeyValue,
  setOption,
} from './option-draft.ts';

/** What a person may type for an option of each kind, and its value. */
const typed: Readonly<Partial<Record<RequestOptionName, readonly [text: string, value: unknown]>>> = {
  memory: ['64 MB', 64 * 1024 ** 2],
  memorySwap: ['-1', -1],
  retry: ['0', 0],
  retryDelay: ['0.5', 0.5],
  cpusetCpus: ['0-3,8', '0-3,8'],
  dns: ['192.168.1.1\n\n ::1 ', ['192.168.1.1', '::1']],
  capAdd: ['SYS_PTRACE, NET_RAW\nKILL', ['SYS_PTRACE', 'NET_RAW', 'KILL']],
  addHosts: ['db:192.168.1.5', ['db:192.168.1.5']],
};

describe('what is typed for an option', () => {
  it.each(Object.entries(typed))('is its value if it is valid: %s', (key, [text, value]) => {
    const name = requestOptionNames.find((each) => each === key) ?? 'memory';
    const draft = enterOption(noOptions, name, text);
    expect(draft.options).toEqual({ [name]: value });
    expect(entryOf(draft, name)).toBe(text);
    expect(readEntry(name, entryOf({ ...draft, entries: {} }, name)).value).toEqual(value);
    expect(enterOption(draft, name, '').options).toEqual({});
  });

  it('is kept if it is not valid, and counts as a change', () => {
    const draft = enterOption(enterOption(noOptions, 'memory', '1g'), 'memory', 'much');
    expect(draft.options).toEqual({});
    expect(entryOf(draft, 'memory')).toBe('much');
    expect(changedOptions(draft)).toEqual(['memory']);
    expect(invalidOptions(draft)).toEqual(['memory']);
    expect(readEntry('memory', 'much').error).toBe(
      '"much" is not a valid value of Memory limit. Use a size, for example 512m or 2g.',
    );
    expect(readEntry('dns', '192.168.1.1\nhome').error).toBe(
      '"home" is not the address of a DNS server. Use an IP address, for example 192.168.1.1.',
    );
  });

  it('can be pairs, whose errors belong to rows', () => {
    const rows = [
      { id: 1, name: 'linux/arm64', value: 'Containerfile.arm64' },
      { id: 2, name: 'z80', value: 'Containerfile.z80' },
      { id: 3, name: '', value: '' },
    ];
    expect([...(readEntry('filesFor', rows).rowErrors?.keys() ?? [])]).toEqual([2]);
    expect(enterOption(noOptions, 'filesFor', rows.slice(0, 1)).options.filesFor).toEqual({
      'linux/arm64': 'Containerfile.arm64',
    });
  });

  it('can map a folder twice', () => {
    const rows = [
      { id: 1, name: '/lib', value: 'a' },
      { id: 2, name: '/lib', value: 'b' },
    ];
    const draft = enterOption(noOptions, 'sources', rows);
    expect(draft.options.sources).toEqual([
      { from: '/lib', to: 'a' },
      { from: '/lib', to: 'b' },
    ]);
    expect(entryOf({ ...draft, entries: {} }, 'sources')).toEqual(rows);
    expect(readEntry('sources', [{ id: 1, name: '/lib', value: '' }]).error).toBe(
      'Enter where /lib is in the context.',
    );
  });
});

describe('options', () => {
  it('are changed only by values other than their defaults', () => {
    const same = setOption(setOption(setOption(noOptions, 'pull', 'missing'), 'layers', true), 'labels', {});
    expect(same).toEqual(noOptions);
    expect(changedOptions(setOption(same, 'layers', false))).toEqual(['layers']);
  });

  it('can be reset and restored without what was changed meanwhile', () => {
    const before = enterOption(setOption(noOptions, 'noCache', true), 'memory', 'much');
    const reset = setOption(setOption(before, 'noCache', undefined), 'memory', undefined);
    expect(reset).toEqual(noOptions);
    const later = setOption(reset, 'pull', 'always');
    expect(restoreOptions(later, ['noCache', 'memory'], before)).toEqual({
      options: { noCache: true, pull: 'always' },
      entries: { memory: 'much' },
    });
  });

  it('of the form are those of requests that have no place elsewhere', () => {
    expect(formOptions.every((name) => !optionRow(name).isElsewhere)).toBe(true);
    expect(formOptions.length).toBeGreaterThan(40);
  });
});

describe('pairs', () => {
  it('can be set, changed and removed by name', () => {
    const set = setKeyValue(setKeyValue([], 'A', '1'), 'A', '2');
    expect(set).toEqual([{ id: 1, name: 'A', value: '2' }]);
    expect(setKeyValue(set, 'A', undefined)).toEqual([]);
  });

  it('have an error if their name is not valid', () => {
    const all = [
      { id: 1, name: 'A', value: '' },
      { id: 2, name: 'A', value: '' },
      { id: 3, name: '', value: 'x' },
      { id: 4, name: 'b c', value: '' },
      { id: 5, name: '', value: '' },
      { id: 6, name: 'org.opencontainers.image.title', value: '' },
    ];
    expect(all.map((pair) => keyValueError(pair, all))).toEqual([
      'A is listed twice.',
      'A is listed twice.',
      'Enter a name.',
      'A name cannot contain spaces or equals signs.',
      undefined,
      undefined,
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Candidate, Discovery } from '../../../shared/discovery.ts';
import { defaultSelection, selectCandidates, toImportRequest } from './import-selection.ts';

const candidate = (name: string, more: Partial<Candidate> = {}): Candidate => ({
  source: 'podman',
  name,
  uri: `ssh://${name}`,
  notes: [],
  ...more,
});
const discovery: Discovery = {
  candidates: [candidate('a'), candidate('b', { sameMachineAs: 'a' }), candidate('c', { sameMachineAs: 'a' })],
  farms: [{ source: 'podman', name: 'racks', connections: ['c'], isDefault: false }],
  notes: [],
};
const nothing = { connections: [], farms: [], hasDefault: false };

describe('the selection of an import', () => {
  it('has each machine once at first, unless a selected farm needs it twice', () => {
    expect([...defaultSelection(discovery, nothing).candidates]).toEqual(['a', 'c']);
  });

  it('adds what is in no selected farm to the chosen one, which may be new or be imported as well', () => {
    const selection = selectCandidates(defaultSelection(discovery, nothing), ['b'], true, discovery, nothing);
    const farmsWith = (name?: string, hasDefault = false) =>
      toImportRequest(discovery, selection, { ...nothing, hasDefault }, { name }).input.farms;
    const racks = { name: 'racks', connections: ['c'], isDefault: false };
    expect(farmsWith()).toEqual([racks]);
    expect(farmsWith('home')).toEqual([racks, { name: 'home', connections: ['a', 'b'], isDefault: true }]);
    expect(farmsWith('home', true)).toEqual([racks, { name: 'home', connections: ['a', 'b'], isDefault: false }]);
    expect(farmsWith('racks')).toEqual([{ ...racks, connections: ['c', 'a', 'b'] }]);
  });
});

import { describe, expect, it } from 'vitest';
import { reasonNotReady } from './readiness.ts';

describe('the reason why a build cannot be started', () => {
  const ready = {
    hasProject: true,
    referenceError: undefined,
    hasPlatforms: true,
    unassigned: [],
    hasIncompleteOption: false,
  };

  it('is the first one in the order of the sheet', () => {
    expect(reasonNotReady(ready)).toBeUndefined();
    expect(reasonNotReady({ ...ready, hasPlatforms: false, hasIncompleteOption: true })).toBe(
      'Select at least one platform.',
    );
    expect(reasonNotReady({ ...ready, unassigned: ['linux/arm', 'linux/386'] })).toBe(
      'No node can build linux/arm and linux/386.',
    );
    expect(reasonNotReady({ ...ready, unassigned: ['a', 'b', 'c'] })).toBe('No node can build 3 of the platforms.');
  });
});

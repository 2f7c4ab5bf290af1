import { describe, expect, it } from 'vitest';
import type { Problem } from '../../../shared/problem.ts';
import { reasonNotReady, reasonWithoutNodes } from './readiness.ts';

describe('the reason why a build cannot be started', () => {
  const ready = {
    hasProject: true,
    hasErrors: false,
    referenceError: undefined,
    nothingToBuildOn: undefined,
    hasPlatforms: true,
    isChecking: false,
    unassigned: [],
    lacksDestination: false,
    invalidOptions: [],
  };

  it('is the first one in the order of the sheet', () => {
    expect(reasonNotReady(ready)).toBeUndefined();
    expect(reasonNotReady({ ...ready, hasErrors: true, hasPlatforms: false })).toBe('Correct the Containerfile.');
    expect(reasonNotReady({ ...ready, hasPlatforms: false, invalidOptions: ['Memory limit'] })).toBe(
      'Select at least one platform.',
    );
    expect(reasonNotReady({ ...ready, unassigned: ['linux/arm', 'linux/386'] })).toBe(
      'No node can build linux/arm and linux/386.',
    );
    expect(reasonNotReady({ ...ready, invalidOptions: ['Memory limit'] })).toBe('Correct the option “Memory limit”.');
    expect(reasonNotReady({ ...ready, invalidOptions: ['Labels', 'Memory limit'] })).toBe('Correct 2 options.');
    expect(reasonNotReady({ ...ready, isChecking: true })).toBe('Checking what the nodes can build.');
    expect(reasonNotReady({ ...ready, unassigned: ['a', 'b', 'c'] })).toBe('No node can build 3 of the platforms.');
  });
});

describe('the reason why there is no node to build on', () => {
  const down = { code: 'ssh.unreachable', message: 'Node a did not answer.', fix: 'Start it.' } as const;
  const limited = { code: 'engine.unsupported', message: 'Node b is too old.', fix: 'Update it.' } as const;
  const without = (nodeCount: number, farm: string | undefined, ...problems: readonly Problem[]) => {
    const leftOut = problems.map((problem) => ({ node: 'a', problem }));
    return reasonWithoutNodes(
      { schedule: { assignments: [], unassigned: [], leftOut }, problem: undefined },
      nodeCount,
      farm,
    );
  };

  it('is that none can be reached, or that none can do what the build asks for', () => {
    expect(without(2, 'dead', down, down)).toBe('No node of dead can be reached.');
    expect(without(1, undefined, down)).toBe('No node can be reached.');
    expect(without(2, 'old', limited, down)).toBe('No node of old can do what the build asks for.');
  });

  it('is missing while one node is left, or nothing is known', () => {
    expect(without(3, 'home', down, down)).toBeUndefined();
    expect(reasonWithoutNodes({ schedule: undefined, problem: undefined }, 2, 'home')).toBeUndefined();
  });

  it('is the problem if there is no schedule', () => {
    expect(reasonWithoutNodes({ schedule: undefined, problem: down }, 2, 'home')).toBe('Node a did not answer.');
  });
});

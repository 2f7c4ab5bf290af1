import { expect, test } from 'vitest';
import { groupFailures } from './failures.ts';
import { type Platform, parsePlatform } from './platform.ts';
import type { ProblemCode } from './problem.ts';

function named(platform: string): Platform {
  return parsePlatform(platform) ?? expect.fail(platform);
}

function failed(platform: string, node: string, message: string, line?: number, code: ProblemCode = 'build.failed') {
  const step = {
    id: `0:${line ?? 1}`,
    index: 1,
    total: 2,
    name: 'RUN make',
    cached: false,
    startedAt: '2024-01-01T00:00:00Z',
    error: message,
    ...(line === undefined ? {} : { line }),
  };
  return {
    platform: named(platform),
    node,
    steps: line === undefined ? [] : [step],
    problem: { code, message, fix: 'Correct it.' },
  };
}

test('platforms that fail in the same step with the same message are one failure', () => {
  const groups = groupFailures([
    failed('linux/amd64', 'amd-a', 'Node amd-a: step 2 of 3 failed: RUN make (exit status 2).', 2),
    failed('linux/arm64', 'arm-a', 'Node arm-a: step 2 of 3 failed: RUN make (exit status 2).', 2),
    failed('linux/arm/v7', 'arm-a', 'Node arm-a: step 2 of 3 failed: RUN make (exit status 2).', 2),
  ]);
  expect(groups).toMatchObject([{ platforms: ['linux/amd64', 'linux/arm64', 'linux/arm/v7'], line: 2 }]);
  expect(groups[0]?.problem.message).toContain('amd-a');
});

test('names of platforms, architectures and nodes do not tell failures apart', () => {
  const groups = groupFailures([
    failed('linux/amd64', 'a', 'Node a: base:1 is not available for linux/amd64 (x86_64, amd64).', 1),
    failed('linux/arm64', 'b', 'Node b: base:1 is not available for linux/arm64 (aarch64, arm64).', 1),
    failed('linux/arm/v7', 'b', 'Node b: base:1 is not available for linux/arm/v7 (armv7l, armv7).', 1),
  ]);
  expect(groups).toHaveLength(1);
});

test('another step, another message or another code is another failure', () => {
  const groups = groupFailures([
    failed('linux/amd64', 'a', 'Node a: RUN make (exit status 2).', 2),
    failed('linux/arm64', 'b', 'Node b: RUN make (exit status 2).', 3),
    failed('linux/arm/v7', 'c', 'Node c: RUN make (exit status 1).', 2),
    failed('linux/s390x', 'd', 'Node d: RUN make (exit status 2).', 2, 'disk.full'),
  ]);
  expect(groups.map(({ platforms }) => platforms)).toEqual([
    ['linux/amd64'],
    ['linux/arm64'],
    ['linux/arm/v7'],
    ['linux/s390x'],
  ]);
});

test('a word that only contains the name of a node or architecture stays', () => {
  const groups = groupFailures([
    failed('linux/arm64', 'a', 'cannot read data', 2),
    failed('linux/amd64', 'd', 'cannot rea* d*t*', 2),
  ]);
  expect(groups).toHaveLength(2);
});

test('jobs that succeeded or were cancelled are in no group', () => {
  const done = { platform: named('linux/amd64'), node: 'a', steps: [] };
  expect(groupFailures([done, failed('linux/arm64', 'b', 'Cancelled.', undefined, 'build.cancelled')])).toEqual([]);
});

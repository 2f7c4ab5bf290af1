import { describe, expect, it } from 'vitest';
import { lossesOf } from './cancelling.ts';
import { jobOf, start } from './testing/jobs.ts';

describe('what cancelling loses', () => {
  it('is nothing in the first minute', () => {
    expect(lossesOf([jobOf('arm64')], start + 60_000)).toEqual([]);
  });

  it('is the work of every job after that, also of those that are done', () => {
    const jobs = [
      jobOf('amd64', { status: 'done', durationMs: 90_000 }),
      jobOf('arm64'),
      jobOf('s390x', { status: 'failed', durationMs: 300_000 }),
      jobOf('riscv64', { status: 'queued', startedAt: undefined }),
    ];
    expect(lossesOf(jobs, start + 121_000)).toEqual([
      'linux/amd64 on pi4: its image, built in 1:30',
      'linux/arm64 on pi4: work of 2:00',
    ]);
  });
});

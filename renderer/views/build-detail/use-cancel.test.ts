import { describe, expect, it } from 'vitest';
import { makeJob, start } from './testing/jobs.ts';
import { cancelLosses } from './use-cancel.tsx';

describe('the losses of cancelling', () => {
  it('are empty in the first minute', () => {
    expect(cancelLosses([makeJob('arm64')], start + 60_000)).toEqual([]);
  });

  it('list the work of each running or done job after the first minute', () => {
    const jobs = [
      makeJob('amd64', { status: 'done', durationMs: 90_000 }),
      makeJob('arm64'),
      makeJob('s390x', { status: 'failed', durationMs: 300_000 }),
      makeJob('riscv64', { status: 'queued', startedAt: undefined }),
    ];
    expect(cancelLosses(jobs, start + 121_000)).toEqual([
      'linux/amd64 on pi4: its image, built in 1:30',
      'linux/arm64 on pi4: 2:00 of work',
    ]);
  });
});

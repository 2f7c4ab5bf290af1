import { describe, expect, it } from 'vitest';
import { cellFacts } from './cell-facts.ts';
import { jobOf, step } from './testing/jobs.ts';

const megabyte = 1e6;

describe('what a cell says', () => {
  it('counts the step that runs, and fills the bar with those that are done', () => {
    const steps = [step(1, 'FROM a', 0, 1, { cached: true }), step(2, 'RUN b', 1)];
    const facts = cellFacts(jobOf('arm64', { steps }), 12.4 * megabyte, undefined);
    expect(facts).toMatchObject({ word: 'Building', doing: 'RUN b', cached: '1 cached' });
    expect(facts.progress).toMatchObject({ index: 2, total: 3 });
    expect(facts.share).toBeCloseTo(1 / 3);
    expect(facts.label).toBe('linux/arm64 on pi4, native, Building, step 2 of 3, RUN b');
  });

  it('says how much of the context has been sent, and how far that is', () => {
    const job = jobOf('arm64', { status: 'context', bytesSent: 8.1 * megabyte });
    expect(cellFacts(job, 12.4 * megabyte, undefined).sent).toBe('8.1 of 12.4 MB');
    expect(cellFacts(job, 12.4 * megabyte, undefined).share).toBeCloseTo(8.1 / 12.4);
    // while it is packed nobody knows how large it will be
    expect(cellFacts(job, undefined, undefined)).toMatchObject({ sent: '8.1 MB', share: undefined });
  });

  it('waits with the reason of its schedule', () => {
    const job = jobOf('s390x', { status: 'queued', reason: 'the only one that can emulate it', startedAt: undefined });
    expect(cellFacts(job, undefined, undefined)).toMatchObject({
      word: 'Waiting for a slot',
      doing: 'the only one that can emulate it',
      sent: '–',
      received: '–',
    });
  });

  it('tells of a node that was lost', () => {
    const problem = { code: 'ssh.lost', message: 'x', fix: 'y' } as const;
    const job = jobOf('arm64', { node: 'big-arm', lost: [{ node: 'pi4', problem }] });
    expect(cellFacts(job, undefined, undefined).lost).toBe('pi4 was lost, big-arm took over');
    const failed = jobOf('arm64', { status: 'failed', problem, lost: [{ node: 'pi4', problem }] });
    expect(cellFacts(failed, undefined, undefined).lost).toBe('pi4 was lost');
  });

  it('is interrupted, not failed, where Barnraiser ended', () => {
    const problem = { code: 'build.incomplete', message: 'x', fix: 'y' } as const;
    expect(cellFacts(jobOf('arm64', { status: 'failed', problem }), undefined, undefined)).toMatchObject({
      phase: 'warning',
      word: 'Interrupted',
      share: 0,
    });
  });
});

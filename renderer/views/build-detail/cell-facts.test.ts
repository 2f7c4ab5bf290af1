import { describe, expect, it } from 'vitest';
import { cellFacts } from './cell-facts.ts';
import { makeJob, makeStep } from './testing/jobs.ts';

const megabyte = 1e6;

describe('the facts of a cell', () => {
  it('count the running step, and fill the bar with the completed ones', () => {
    const steps = [makeStep(1, 'FROM a', 0, 1, { cached: true }), makeStep(2, 'RUN b', 1)];
    const facts = cellFacts(makeJob('arm64', { steps }), 12.4 * megabyte, undefined);
    expect(facts).toMatchObject({ phaseText: 'Building', activity: 'RUN b', cached: '1 cached' });
    expect(facts.progress).toMatchObject({ index: 2, total: 3 });
    expect(facts.share).toBeCloseTo(1 / 3);
    expect(facts.label).toBe('linux/arm64 on pi4, native, Building, step 2 of 3, RUN b');
  });

  it('include how much of the context has been sent', () => {
    const job = makeJob('arm64', { status: 'context', bytesSent: 8.1 * megabyte });
    expect(cellFacts(job, 12.4 * megabyte, undefined).sent).toBe('8.1 of 12.4 MB');
    expect(cellFacts(job, 12.4 * megabyte, undefined).share).toBeCloseTo(8.1 / 12.4);
    // the size of the context is unknown until it is packed
    expect(cellFacts(job, undefined, undefined)).toMatchObject({ sent: '8.1 MB', share: undefined });
  });

  it('include the reason of the assignment while the job is queued', () => {
    const job = makeJob('s390x', {
      status: 'queued',
      reason: 'emulated: no node runs linux/s390x natively',
      startedAt: undefined,
    });
    expect(cellFacts(job, undefined, undefined)).toMatchObject({
      phaseText: 'Waiting for a slot',
      activity: 'emulated: no node runs linux/s390x natively',
      sent: '–',
      received: '–',
    });
  });

  it('include a lost node and the node that took over', () => {
    const problem = { code: 'ssh.lost', message: 'x', fix: 'y' } as const;
    const job = makeJob('arm64', { node: 'big-arm', lost: [{ node: 'pi4', problem }] });
    expect(cellFacts(job, undefined, undefined).lostNodes).toBe('pi4 was lost; big-arm took over');
    const failed = makeJob('arm64', { status: 'failed', problem, lost: [{ node: 'pi4', problem }] });
    expect(cellFacts(failed, undefined, undefined).lostNodes).toBe('pi4 was lost');
  });

  it('show a job as interrupted, not failed, if Barnraiser stopped', () => {
    const problem = { code: 'build.incomplete', message: 'x', fix: 'y' } as const;
    expect(cellFacts(makeJob('arm64', { status: 'failed', problem }), undefined, undefined)).toMatchObject({
      phase: 'warning',
      phaseText: 'Interrupted',
      share: 0,
    });
  });
});

import { describe, expect, it } from 'vitest';
import { cellFacts } from './cell-facts.ts';
import { makeJob, makeStep } from './testing/jobs.ts';

const megabyte = 1e6;

describe('the facts of a cell', () => {
  it('count the running step, and fill the bar with the completed ones', () => {
    const steps = [makeStep(1, 'FROM a', 0, 1, { cached: true }), makeStep(2, 'RUN b', 1)];
    const facts = cellFacts(makeJob('arm64', { steps }), 12.4 * megabyte);
    expect(facts).toMatchObject({ phaseText: 'Building', activity: 'RUN b', cached: '1 cached' });
    expect(facts.step).toMatchObject({ index: 2, total: 3 });
    expect(facts.share).toBeCloseTo(1 / 3);
    expect(facts.label).toBe('linux/arm64 on pi4, native, Building, step 2 of 3, RUN b');
  });

  it('show the longest running of several steps, what it has done, and how many others run', () => {
    const progress = { current: 2 * megabyte, total: 5 * megabyte, unit: 'bytes' } as const;
    const steps = [
      makeStep(1, 'FROM a', 0, 1),
      makeStep(3, 'FROM b', 1, undefined, { id: '1:1', progress }),
      makeStep(2, 'RUN b', 2),
      makeStep(3, 'RUN c', 3, undefined, { id: '1:2' }),
    ];
    const facts = cellFacts(makeJob('arm64', { steps }), undefined);
    expect(facts).toMatchObject({ activity: 'FROM b (2.0 of 5.0 MB)', more: '+2 more', step: { index: 3 } });
    expect(facts.detail).toBe('FROM b\nRUN b\nRUN c');
    expect(facts.label).toContain('FROM b (2.0 of 5.0 MB), +2 more');
  });

  it('include how much of the context has been sent', () => {
    const job = makeJob('arm64', { status: 'context', bytesSent: 8.1 * megabyte });
    expect(cellFacts(job, 12.4 * megabyte).sent).toBe('8.1 of 12.4 MB');
    expect(cellFacts(job, 12.4 * megabyte).share).toBeCloseTo(8.1 / 12.4);
    // the size of the context is unknown until it is packed
    expect(cellFacts(job, undefined)).toMatchObject({ sent: '8.1 MB', share: undefined });
  });

  it('include how little was sent of a context that the node had', () => {
    const job = makeJob('arm64', { status: 'done', bytesSent: 12_000, bytesReused: 51 * megabyte });
    expect(cellFacts(job, 51 * megabyte)).toMatchObject({ sent: '12.0 kB of 51.0 MB', sentWithoutTotal: '12.0 kB' });
    expect(cellFacts({ ...job, bytesSent: 0 }, 51 * megabyte).sent).toBe('0 B of 51.0 MB');
  });

  it('say that nothing has changed', () => {
    const job = makeJob('arm64', { status: 'done', skipped: true });
    expect(cellFacts(job, undefined)).toMatchObject({ phase: 'cached', phaseText: 'Unchanged' });
  });

  it('include the reason of the assignment while the job is queued', () => {
    const job = makeJob('s390x', {
      status: 'queued',
      reason: 'emulated: no node runs linux/s390x natively',
      startedAt: undefined,
    });
    expect(cellFacts(job, undefined)).toMatchObject({
      phaseText: 'Waiting',
      activity: 'emulated: no node runs linux/s390x natively',
      sent: '–',
      received: '–',
    });
  });

  it('include what a job waits for', () => {
    const job = makeJob('arm64', { status: 'queued', node: 'pi4', wait: { reason: 'slot', ahead: 2 } });
    expect(cellFacts(job, undefined)).toMatchObject({
      activity: 'Waiting for a slot on pi4, 2 ahead',
      label: 'linux/arm64 on pi4, native, Waiting for a slot on pi4, 2 ahead',
    });
    const next = { ...job, wait: { reason: 'slot', ahead: 0 } } as const;
    expect(cellFacts(next, undefined).activity).toBe('Waiting for a slot on pi4');
  });

  it('include a lost node and the node that took over', () => {
    const problem = { code: 'ssh.lost', message: 'x', fix: 'y' } as const;
    const job = makeJob('arm64', { node: 'big-arm', lost: [{ node: 'pi4', problem }] });
    expect(cellFacts(job, undefined).lostNodes).toBe('pi4 was lost; big-arm took over');
    const failed = makeJob('arm64', { status: 'failed', problem, lost: [{ node: 'pi4', problem }] });
    expect(cellFacts(failed, undefined).lostNodes).toBe('pi4 was lost');
    const removed = { node: 'pi3', problem: { ...problem, code: 'connection.removed' } } as const;
    expect(cellFacts({ ...job, lost: [removed] }, undefined).lostNodes).toBe('pi3 was removed; big-arm took over');
    expect(cellFacts({ ...job, lost: [removed, ...job.lost] }, undefined).lostNodes).toBe(
      'pi3 was removed and pi4 was lost; big-arm took over',
    );
  });

  it('show a job as interrupted, not failed, if Barnraiser stopped', () => {
    expect(cellFacts(makeJob('arm64', { status: 'interrupted' }), undefined)).toMatchObject({
      phase: 'interrupted',
      phaseText: 'Interrupted',
      share: 0,
    });
  });
});

import { describe, expect, it } from 'vitest';
import type { Job } from '../../../shared/build.ts';
import type { PlannedStep } from '../../../shared/step.ts';
import { layoutGraph } from './graph-layout.ts';
import { mainRun, stepGraph } from './step-graph.ts';
import { nextStep } from './step-graph-keys.ts';
import { stepRows } from './step-rows.ts';
import { at, makeJob, makeStep } from './testing/jobs.ts';

const planned: readonly PlannedStep[] = [
  { id: '0:1', index: 1, total: 3, name: 'FROM a', line: 1 },
  { id: '0:2', index: 2, total: 3, name: 'RUN make', inputs: ['0:1'], line: 2 },
  { id: '0:3', index: 3, total: 3, name: 'CMD ["a"]', inputs: ['0:2'], line: 3 },
];
const from = makeStep(1, 'FROM a', 1, 2);
const make = (to?: number, more = {}) => makeStep(2, 'RUN make', 2, to, { inputs: ['0:1'], ...more });

function graphOf(jobs: readonly Job[], status: 'running' | 'done' | 'failed', platform?: string) {
  const build = { jobs: [...jobs], status, createdAt: at(0) };
  return stepGraph(build, stepRows(build), planned, platform);
}
const statesOf = (...input: Parameters<typeof graphOf>) => graphOf(...input).map(({ state }) => state);

describe('the graph of a build', () => {
  it('has the steps that have not started, which wait while their job runs', () => {
    expect(statesOf([makeJob('linux/amd64', { steps: [from, make()] })], 'running')).toEqual([
      ...['done', 'running', 'waiting'],
    ]);
  });

  it('says of steps after a failed one that they were not run', () => {
    const steps = [from, make(3, { error: 'exit status 1' })];
    const job = makeJob('linux/amd64', { steps, status: 'failed', durationMs: 3_000 });
    expect(statesOf([job], 'failed')).toEqual(['done', 'failed', 'not-run']);
  });

  it('leaves out steps that a finished platform did not need', () => {
    const job = makeJob('linux/amd64', { steps: [from, make(3)], status: 'done', durationMs: 3_000 });
    expect(statesOf([job], 'done')).toEqual(['done', 'done']);
  });

  it('tells a failure on any platform first, and one platform alone', () => {
    const failed = makeJob('linux/arm64', { steps: [from, make(4, { error: 'exit status 1' })], status: 'failed' });
    const running = makeJob('linux/amd64', { steps: [from, make()] });
    const queued = makeJob('linux/s390x', { status: 'queued' });
    const nodes = graphOf([running, failed, queued], 'running');
    expect(nodes.map(({ state }) => state)).toEqual(['waiting', 'failed', 'waiting']);
    expect(nodes[1] && mainRun(nodes[1])?.job.platform).toBe('linux/arm64');
    expect(nodes[2] && mainRun(nodes[2])).toBeUndefined();
    expect(statesOf([running, failed, queued], 'running', 'linux/amd64')).toEqual(['done', 'running', 'waiting']);
  });

  it('has no steps of a platform whose image is from an earlier build', () => {
    const reused = makeJob('linux/arm64', { status: 'done', reusedFrom: 'b1' });
    expect(statesOf([makeJob('linux/amd64', { steps: [from] }), reused], 'running', 'linux/arm64')).toEqual([]);
  });

  it('chains the steps of a stage where records do not say what they use', () => {
    const steps = [makeStep(1, 'FROM a', 1, 2, { stage: 'x' }), makeStep(2, 'RUN b', 2, 3, { stage: 'x' })];
    const build = { jobs: [makeJob('linux/amd64', { steps })], status: 'done' as const, createdAt: at(0) };
    expect(stepGraph(build, stepRows(build), []).map(({ inputs }) => inputs)).toEqual([[], ['0:1']]);
  });
});

describe('the keys of the graph', () => {
  const layout = layoutGraph([
    { id: 'a1', stage: 'a', inputs: [] },
    { id: 'a2', stage: 'a', inputs: ['a1'] },
    { id: 'b1', stage: 'b', inputs: [] },
    { id: 'b2', stage: 'b', inputs: ['b1', 'a2'] },
  ]);

  it.each([
    ['a1', 'ArrowDown', 'a2'],
    ['a2', 'ArrowDown', 'b1'],
    ['b1', 'ArrowUp', 'a2'],
    ['a1', 'ArrowRight', 'b1'],
    ['b2', 'ArrowLeft', 'a2'],
    ['a2', 'End', 'b2'],
    ['b2', 'Home', 'a1'],
    ['a1', 'ArrowLeft', undefined],
    ['a1', 'x', undefined],
  ])('from %s, %s leads to %s', (id, key, expected) => {
    expect(nextStep(layout, id, key)).toBe(expected);
  });
});

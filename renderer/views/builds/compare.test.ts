import { describe, expect, it } from 'vitest';
import type { Step } from '../../../shared/step.ts';
import { sample } from '../../testing/fixture-data.ts';
import { changeOf, compareOptions, comparePlatforms, oldestFirst, pairSteps, stepChange } from './compare.ts';

const steps = (...texts: string[]): Step[] =>
  texts.map((name, index) => ({
    id: `0:${index + 1}`,
    index: index + 1,
    total: texts.length,
    name,
    cached: false,
    startedAt: '2026-03-01T10:00:00Z',
    durationMs: 1000,
  }));
const alignment = (before: readonly Step[], after: readonly Step[]) =>
  pairSteps(before, after).map((pair) => `${pair.before ? 'A' : ' '}${pair.after ? 'B' : ' '} ${pair.text}`);

describe('comparing two builds', () => {
  it('aligns equal steps around added and removed ones', () => {
    expect(alignment(steps('FROM a', 'RUN x', 'COPY .', 'CMD'), steps('FROM a', 'COPY .', 'RUN y', 'CMD'))).toEqual([
      'AB FROM a',
      'A  RUN x',
      'AB COPY .',
      ' B RUN y',
      'AB CMD',
    ]);
    expect(alignment([], steps('FROM a'))).toEqual([' B FROM a']);
    expect(alignment(steps('RUN x', 'RUN x'), steps('RUN x'))).toEqual(['AB RUN x', 'A  RUN x']);
  });

  it('pairs very long lists in their order', () => {
    const many = steps(...Array.from({ length: 10_000 }, (_, index) => `RUN ${index}`));
    expect(pairSteps(many, many.slice(1))).toHaveLength(10_000);
  });

  it('puts the earlier build first, in whichever order they were selected', () => {
    const [done, failed] = [sample.done(), sample.failed()];
    expect(oldestFirst(failed, done)).toEqual([done, failed]);
    expect(oldestFirst(done, failed)).toEqual([done, failed]);
  });

  it('includes the platforms of both builds', () => {
    const pairs = comparePlatforms(sample.done(), sample.runningLate());
    expect(pairs.map(({ platform, before, after }) => [platform, Boolean(before), Boolean(after)])).toEqual([
      ['linux/amd64', true, true],
      ['linux/arm64', true, true],
      ['linux/riscv64', false, true],
      ['linux/s390x', true, false],
    ]);
  });

  it('describes how a duration changed, ignoring noise', () => {
    expect(changeOf(60_000, 48_000)?.text).toBe('12 s faster');
    expect(changeOf(60_000, 187_000)?.text).toBe('2:07 slower');
    expect(changeOf(60_000, 61_000)?.kind).toBe('same');
    expect(changeOf(100, 500)?.kind).toBe('same');
    expect(changeOf(undefined, 500)).toBeUndefined();
  });

  it('does not compare the time of a step that was cached in one of the builds', () => {
    const [ran] = steps('RUN x');
    const cached = ran && { ...ran, cached: true, durationMs: 11_800 };
    expect(stepChange(ran, cached)).toBeUndefined();
    expect(stepChange(cached, ran)).toBeUndefined();
    expect(stepChange(ran, ran && { ...ran, durationMs: 9_000 })?.text).toBe('8.0 s slower');
    expect(comparePlatforms(sample.done(), sample.done())[0]?.longestMs).toBeGreaterThan(0);
  });
});

it('compares the options that differ from their defaults in one of the builds', () => {
  const pairs = compareOptions(sample.done(), sample.failed());
  expect(pairs.map(({ name, before, after, isSame }) => [name, before, after, isSame])).toEqual([
    ['target', ['build'], ['build'], true],
    ['buildArgs', ['NODE_VERSION=20'], ['NODE_VERSION=22', 'COMMIT=f3a9c1d'], false],
    ['addHosts', [], ['db:192.168.1.5', 'cache.internal.example.com:10.12.0.7'], false],
    ['shmSize', [], ['128m'], false],
    ['retention', ['Tagged image'], ['Build cache'], false],
  ]);
  expect(compareOptions(sample.running(), sample.running())).toEqual([]);
});

import { describe, expect, it } from 'vitest';
import { NodeHistory, type Sample, sampleRanges, withoutGaps } from './node-history.ts';

const minuteMs = 60_000;
const start = Date.UTC(2026, 2, 1, 12);
const at = (minutes: number): number => start + minutes * minuteMs;

describe('the history of a node', () => {
  it('keeps the highest load and numbers of jobs of each interval, and the least free memory and disk', () => {
    const history = new NodeHistory();
    history.add({ at: start, load: 1, memoryFree: 50, diskFree: 900, running: 0, waiting: 0 });
    history.add({ at: start + 4_000, load: 3, memoryFree: 20, diskFree: 800, running: 2, waiting: 1 });
    history.add({ at: start + 8_000, load: 2, memoryFree: 30, running: 1, waiting: 0 });
    expect(history.samples('minutes', start)).toEqual([
      { at: start, load: 3, memoryFree: 20, diskFree: 800, running: 2, waiting: 1 },
    ]);
  });

  it('has a coarser sample for longer ranges', () => {
    const history = new NodeHistory();
    for (let second = 0; second < 600; second += 15) {
      history.add({ at: start + second * 1000, load: second });
    }
    const now = at(10);
    expect(history.samples('minutes', now)).toHaveLength(40);
    expect(history.samples('hours', now).map(({ load }) => load)).toEqual([
      45, 105, 165, 225, 285, 345, 405, 465, 525, 585,
    ]);
    expect(history.samples('day', now).map(({ load }) => load)).toEqual([285, 585]);
  });

  it('is bounded: a week of samples leaves what the ranges keep', () => {
    const history = new NodeHistory();
    for (let minute = 0; minute < 7 * 24 * 60; minute += 0.25) {
      history.add({ at: at(minute), load: 1 });
    }
    const kept = Object.values(history.toJSON()).map((samples) => samples.length);
    expect(kept).toEqual(Object.values(sampleRanges).map(({ count }) => count));
    expect(JSON.stringify(history).length).toBeLessThan(100_000);
  });

  it('is the same in whatever order, and however often, its samples are merged', () => {
    const samples: Sample[] = Array.from({ length: 60 }, (_, index) => ({
      ...{ at: start + index * 7_000, load: (index * 37) % 11, memoryFree: (index * 53) % 17 },
      ...(index % 13 === 5 ? { down: true as const } : {}),
    }));
    const [one, other] = [new NodeHistory(), new NodeHistory()];
    for (const sample of samples) {
      one.add(sample);
    }
    for (const sample of [...samples.toReversed(), ...samples.filter((_, index) => index % 3 === 0)]) {
      other.add(sample);
    }
    expect(other.toJSON()).toEqual(one.toJSON());
    other.merge('hours', one.samples('hours', at(10)));
    expect(other.toJSON()).toEqual(one.toJSON());
  });

  it('returns what is new since a time, with the interval that the time is in', () => {
    const history = new NodeHistory();
    for (const minute of [0, 1, 2, 3]) {
      history.add({ at: at(minute), load: minute });
    }
    expect(history.samples('hours', at(3), at(2) + 1).map(({ load }) => load)).toEqual([2, 3]);
  });

  it('leaves out samples of a clock that was ahead, and those that are too old', () => {
    const history = new NodeHistory();
    for (const minute of [-200, 0, 100]) {
      history.add({ at: at(minute), load: 1 });
    }
    expect(history.samples('hours', at(0)).map((sample) => sample.at)).toEqual([at(0)]);
  });
});

describe('gaps', () => {
  const loads = (...minutes: number[]): Sample[] => minutes.map((minute) => ({ at: at(minute), load: minute }));
  const minutesOf = (parts: readonly (readonly Sample[])[]) => parts.map((part) => part.map(({ load }) => load));

  it('are where a node was not sampled for a while, and not between samples of a node that no one looks at', () => {
    expect(minutesOf(withoutGaps(loads(0, 1, 2, 4, 6, 30, 31), 'hours'))).toEqual([
      [0, 1, 2, 4, 6],
      [30, 31],
    ]);
    expect(minutesOf(withoutGaps(loads(0, 5, 10, 25, 30), 'day'))).toEqual([
      [0, 5, 10],
      [25, 30],
    ]);
  });

  it('are where a node was down, however short', () => {
    const samples = [...loads(0, 1), { at: at(1.5), down: true as const }, ...loads(2)];
    expect(minutesOf(withoutGaps(samples, 'minutes'))).toEqual([[0, 1], [2]]);
  });

  it('are all there is without samples', () => {
    expect(withoutGaps([], 'hours')).toEqual([]);
    expect(withoutGaps([{ at: start, down: true }], 'hours')).toEqual([]);
  });
});

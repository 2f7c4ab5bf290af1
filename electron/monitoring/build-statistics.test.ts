import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BuildEntry, JobEntry } from '../../shared/build-entry.ts';
import { platformSchema } from '../../shared/platform.ts';
import { type HistoryDay, HistoryIndex } from '../builds/history-index.ts';
import { BuildStatistics } from './build-statistics.ts';
import { timesOf } from './job-tally.ts';

const amd64 = platformSchema.parse('linux/amd64');
const arm64 = platformSchema.parse('linux/arm64');

function entry(id: string, jobs: readonly Partial<JobEntry>[], more: Partial<BuildEntry> = {}): BuildEntry {
  return {
    ...{
      id,
      status: 'done',
      reference: 'api:1',
      project: '/p/api',
      createdAt: `2026-03-01T12:00:00Z`,
      durationMs: 1_000,
    },
    ...more,
    jobs: jobs.map((job) => ({
      platform: amd64,
      node: 'big',
      mode: 'native',
      status: 'done',
      durationMs: 1_000,
      ...job,
    })),
  };
}

/** Days of a history, and how often each was read. */
function daysOf(days: Record<string, readonly BuildEntry[]>) {
  const reads = new Map<string, number>();
  const all = Object.entries(days)
    .sort(([one], [other]) => Number(other) - Number(one))
    .map(
      ([name, entries]): HistoryDay => ({
        name,
        size: JSON.stringify(entries).length,
        read: async () => {
          reads.set(name, (reads.get(name) ?? 0) + 1);
          return [...entries];
        },
      }),
    );
  return {
    reads,
    days: async function* () {
      yield* all;
    },
  };
}

describe('statistics', () => {
  it('count what became of jobs on each node and platform, and why', async () => {
    const { days } = daysOf({
      '20260302': [
        entry(
          'b3',
          [
            { status: 'failed', code: 'build.failed' },
            { platform: arm64, node: 'pi4', warm: true, durationMs: 400 },
          ],
          {
            status: 'failed',
          },
        ),
        entry('b2', [{ lostOn: [{ node: 'pi4', code: 'ssh.lost' }] }, { platform: arm64, node: 'pi4', skipped: true }]),
      ],
      '20260301': [
        entry('b1', [{ status: 'cancelled' }], { status: 'cancelled', createdAt: '2026-03-01T08:00:00Z' }),
        entry(
          'b0',
          [{}, { reusedFrom: 'older' }, { platform: arm64, node: 'pi4', status: 'failed', code: 'disk.full' }],
          {
            status: 'failed',
            createdAt: '2026-03-01T07:00:00Z',
          },
        ),
      ],
    });
    const statistics = await new BuildStatistics(days).get({ builds: 100 });
    expect(statistics).toMatchObject({
      builds: { done: 1, failed: 2, cancelled: 1, times: { count: 1 } },
      from: '2026-03-01T07:00:00Z',
      hasOlder: false,
    });
    const [big, pi4] = statistics.nodes;
    expect(big).toMatchObject({
      node: 'big',
      done: 2,
      failed: 1,
      cancelled: 1,
      lost: 0,
      cold: { count: 2, medianMs: 1_000 },
    });
    expect(big?.failures).toEqual([{ kind: 'build', count: 1 }]);
    expect(pi4).toMatchObject({
      node: 'pi4',
      done: 2,
      failed: 1,
      skipped: 1,
      lost: 1,
      warm: { count: 1, medianMs: 400 },
    });
    expect(pi4?.failures).toEqual([
      { kind: 'node', count: 1 },
      { kind: 'disk', count: 1 },
    ]);
    expect(statistics.pairs.map(({ platform, node, lost }) => `${platform} ${node} ${lost}`)).toEqual([
      'linux/amd64 big 0',
      'linux/amd64 pi4 1',
      'linux/arm64 pi4 0',
    ]);
    expect(statistics.platforms.map(({ platform, done }) => `${platform} ${done}`)).toEqual([
      'linux/amd64 2',
      'linux/arm64 2',
    ]);
  });

  it('are of one farm or project on demand', async () => {
    const { days } = daysOf({
      '20260301': [
        entry('b2', [{}], { farm: 'home' }),
        entry('b1', [{}], { project: '/p/web' }),
        entry('b0', [{}, {}]),
      ],
    });
    const statistics = new BuildStatistics(days);
    const doneOf = async (filter: { farm?: string; project?: string }) =>
      (await statistics.get({ builds: 100, ...filter })).nodes.map(({ done }) => done);
    expect([await doneOf({ farm: 'home' }), await doneOf({ project: '/p/web' }), await doneOf({})]).toEqual([
      [1],
      [1],
      [4],
    ]);
  });

  it('leave out builds that run and records that cannot be read', async () => {
    const { days } = daysOf({
      '20260301': [
        entry('b1', [{ status: 'building' }], { status: 'running' }),
        entry('b0', [], { status: 'unreadable' }),
      ],
    });
    const { builds, pairs } = await new BuildStatistics(days).get({ builds: 100 });
    expect([builds, pairs]).toEqual([{ done: 0, failed: 0, cancelled: 0 }, []]);
  });

  it('stop at the wanted number of builds, and read a day again only after it has changed', async () => {
    const { days, reads } = daysOf({
      '20260303': [entry('c', [{}])],
      '20260302': [entry('b', [{}])],
      '20260301': [entry('a', [{}])],
    });
    const statistics = new BuildStatistics(days);
    expect(await statistics.get({ builds: 2 })).toMatchObject({ builds: { done: 2 }, hasOlder: true });
    await statistics.get({ builds: 2 });
    expect([...reads]).toEqual([
      ['20260303', 1],
      ['20260302', 1],
    ]);
    await statistics.get({ builds: 100 });
    expect(reads.get('20260301')).toBe(1);
  });

  it('can be cancelled', async () => {
    const { days } = daysOf({ '20260301': [entry('a', [{}])] });
    await expect(
      new BuildStatistics(days).get({ builds: 1, signal: AbortSignal.abort(new Error('stop')) }),
    ).rejects.toThrow('stop');
  });
});

it('finds the median and the 90th percentile by the nearest rank', () => {
  expect(timesOf([])).toBeUndefined();
  expect(timesOf([7])).toEqual({ count: 1, medianMs: 7, p90Ms: 7 });
  expect(timesOf([4, 1, 3, 2])).toEqual({ count: 4, medianMs: 2, p90Ms: 4 });
  expect(timesOf(Array.from({ length: 100 }, (_, index) => 100 - index))).toEqual({
    count: 100,
    medianMs: 50,
    p90Ms: 90,
  });
});

describe('the index of a long history', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'barnraiser-statistics-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('counts 100,000 builds day by day, without their records', async () => {
    const [records, index] = [join(folder, 'builds'), join(folder, 'builds.index')];
    await mkdir(records);
    await mkdir(index);
    let reads = 0;
    const dayCount = 200;
    for (let day = 0; day < dayCount; day += 1) {
      const name = new Date(Date.UTC(2026, 0, 1) + day * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
      const lines = Array.from({ length: 500 }, (_, number) => {
        const id = `${name}-${String(number).padStart(6, '0')}-abcd`;
        const status = number % 10 === 0 ? 'failed' : 'done';
        const job = { status, durationMs: 1_000 * ((number % 100) + 1), node: `node${number % 3}` } as const;
        return JSON.stringify({
          id,
          entry: entry(id, [job, { platform: arm64, node: 'pi4', durationMs: 500 }], { status }),
        });
      });
      await writeFile(join(index, `${name}.jsonl`), `${lines.join('\n')}\n`);
    }
    // an index that was compared with the records
    await writeFile(join(index, 'checked'), '1');
    const history = new HistoryIndex(index, records, async () => {
      reads += 1;
      return undefined;
    });
    // the comparison goes on beside it, and would find that there are no records
    history.check = async () => undefined;
    const statistics = new BuildStatistics(() => history.days());
    const all = await statistics.get({ builds: 1_000_000 });
    expect(all.builds).toMatchObject({ done: 90_000, failed: 10_000, times: { count: 1_000 } });
    expect(all.platforms.map(({ done, failed }) => [done, failed])).toEqual([
      [90_000, 10_000],
      [100_000, 0],
    ]);
    expect(all.nodes.find(({ node }) => node === 'pi4')?.all).toEqual({ count: 1_000, medianMs: 500, p90Ms: 500 });
    expect(await statistics.get({ builds: 10_000 })).toMatchObject({ builds: { done: 9_000 }, hasOlder: true });
    expect(reads).toBe(0);
  }, 60_000);
});

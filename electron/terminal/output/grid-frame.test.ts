import stringWidth from 'fast-string-width';
import { describe, expect, test } from 'vitest';
import type { AppEvent } from '../../../shared/contract.ts';
import {
  big,
  building,
  endEvents,
  failed,
  pi,
  piFailed,
  platform,
  start,
  startEvents,
  steps,
} from '../testing/recorded-build.ts';
import { BuildProgress } from './build-view.ts';
import { gridFrame } from './grid-frame.ts';

const paint = (_style: string, text: string): string => text;

function frame(
  events: readonly AppEvent[],
  columns: number,
  { lines, seconds = 7 }: { lines?: number; seconds?: number } = {},
) {
  const progress = new BuildProgress();
  for (const event of events) {
    progress.apply(event);
  }
  return gridFrame(progress, {
    columns,
    now: start + seconds * 1000,
    paint,
    ...(lines === undefined ? {} : { maxLines: lines }),
  });
}

test('nothing is drawn before the build has started', () => {
  expect(frame([], 80)).toEqual([]);
});

test('a wide terminal shows node, phase, steps, bytes and time of a platform on one line', () => {
  expect(frame(startEvents, 140)).toEqual([
    'registry.example.com/team/api:1.4  0:07  context 1,204 files, 12.4 MB',
    'linux/amd64  big-amd  native  ⠋ building    ━━━━──────── 3/5    COPY . /src                                     ↑ 12.4 MB  ↓     0 B   0:06',
    'linux/arm64  pi4      native  ⠋ building    ━━────────── 2/5    RUN apk add --no-cache build-base cmake ninja…  ↑ 12.4 MB  ↓     0 B   0:06',
  ]);
});

test('a narrow terminal shows a platform on two lines', () => {
  expect(frame(startEvents, 80)).toEqual([
    'registry.example.com/team/api:1.4  0:07  context 1,204 files, 12.4 MB',
    'linux/amd64  big-amd  native  ⠋ building    ↑ 12.4 MB  ↓     0 B   0:06',
    '  ━━━━──────── 3/5    COPY . /src',
    'linux/arm64  pi4      native  ⠋ building    ↑ 12.4 MB  ↓     0 B   0:06',
    '  ━━────────── 2/5    RUN apk add --no-cache build-base cmake ninja linux-head…',
  ]);
});

test('after the build the rows are a summary, and the times no longer change', () => {
  const rows = frame([...startEvents, ...endEvents], 80, { seconds: 9999 });
  expect(rows).toEqual([
    'registry.example.com/team/api:1.4  1:43  context 1,204 files, 12.4 MB',
    'linux/amd64  big-amd  native  ✓ done        ↑ 12.4 MB  ↓  3.1 MB   0:42',
    '  ━━━━━━━━━━━━ 5/5    sha256:aaaaaaaaaaaa',
    'linux/arm64  pi4      native  ✓ done        ↑ 12.4 MB  ↓  3.1 MB   1:42',
    '  ━━━━━━━━━━━━ 5/5    sha256:bbbbbbbbbbbb',
  ]);
});

describe('a job shows what it does', () => {
  const lost = [{ node: 'pi3', problem: { code: 'ssh.lost' as const, message: 'gone', fix: '' } }];
  test.each([
    [pi, '○ queued', 'only native node'],
    [{ ...pi, wait: { reason: 'slot' as const, ahead: 2 } }, '○ queued', 'waiting for a slot on pi4, 2 ahead'],
    [{ ...pi, lost }, '○ queued', 'moved from pi3: gone'],
    [{ ...pi, status: 'context' as const }, '⠋ context', 'sending the context'],
    [{ ...pi, status: 'building' as const, steps: steps(1) }, '⠋ building', 'FROM docker.io/library/alpine:3.20'],
    [
      {
        ...pi,
        status: 'building' as const,
        steps: steps(3).map((step) => ({
          ...step,
          durationMs: undefined,
          progress: { current: 1e6, total: 5e6, unit: 'bytes' as const },
        })),
      },
      '⠋ building',
      'FROM docker.io/library/alpine:3.20  1.0 of 5.0 MB  +2 more',
    ],
    [{ ...pi, status: 'transferring' as const }, '⠋ transfer', 'transferring the image'],
    [piFailed, '✗ failed', 'Node pi4: step `RUN make -j4 all` failed with exit code 2.'],
    [{ ...pi, status: 'cancelling' as const }, '⠋ cancelling', 'waiting for pi4 to stop'],
    [{ ...pi, status: 'cancelled' as const }, '– cancelled', ''],
  ])('%#', (job, phase, detail) => {
    const context = startEvents.filter(({ event }) => event === 'build.context');
    const [, , , line, below] = frame(
      [{ event: 'build.started', build: { ...building, jobs: [big, job] } }, ...context],
      90,
    );
    expect(line).toContain(`  ${phase}  `);
    expect(below?.replace(/^ {2}[━─]* *(\d\/\d)? */, '')).toBe(detail);
  });
});

test('the heading shows that the context is being packed', () => {
  expect(frame(startEvents.slice(0, 2), 80)[0]).toBe(
    'registry.example.com/team/api:1.4  0:07  packing 1,204 files, 12.4 MB',
  );
});

test('a terminal of 60 columns keeps the names of nodes and drops other columns', () => {
  expect(frame(startEvents, 60)).toEqual([
    'registry.example.com/team/api:1.4  0:07  context 1,204 fil…',
    'linux/amd64  big-amd  ⠋ building    ↓     0 B   0:06',
    '  ━━━━──────── 3/5    COPY . /src',
    'linux/arm64  pi4      ⠋ building    ↓     0 B   0:06',
    '  ━━────────── 2/5    RUN apk add --no-cache build-base cm…',
  ]);
});

test('the rows of an ended build leave the reasons of failures to the summary', () => {
  const rows = frame([{ event: 'build.started', build: failed }], 140);
  expect(rows.join('\n')).toContain('✗ failed');
  expect(rows.join('\n')).not.toContain('exit code 2');
});

test('only the spinner changes with the time', () => {
  const [one, other] = [7, 7.3].map((seconds) => frame(startEvents, 140, { seconds }));
  expect(one).not.toEqual(other);
  expect(one?.map((line) => line.replace('⠋', '*'))).toEqual(other?.map((line) => line.replace('⠸', '*')));
});

describe('many platforms', () => {
  const names = 'amd64 386 arm64 arm/v7 arm/v6 riscv64 s390x ppc64le'.split(' ').map(platform);
  const jobs = names.map((name, index) => ({
    ...big,
    platform: name,
    node: `a-node-with-a-long-name-${index}`,
    mode: 'emulated' as const,
    status: index < 3 ? ('done' as const) : ('building' as const),
    steps: steps(2),
    startedAt: building.createdAt,
  }));
  const started: AppEvent[] = [{ event: 'build.started', build: { ...building, jobs } }];

  test('no line is wider than the terminal, and the time stays at its end', () => {
    for (let columns = 20; columns < 200; columns += 1) {
      const rows = frame(started, columns);
      expect(Math.max(...rows.map((row) => stringWidth(row)))).toBeLessThan(columns);
      if (columns >= 75) {
        // the heading ends in the time of the whole build here
        expect(rows.filter((row) => row.endsWith(' 0:07'))).toHaveLength(jobs.length + 1);
      }
    }
  });

  test('take one line each if two do not fit', () => {
    expect(frame(started, 80, { lines: 17 })).toHaveLength(17);
    const rows = frame(started, 80, { lines: 16 });
    expect(rows).toHaveLength(9);
    expect(rows.join('\n')).not.toContain('━');
  });

  test('that do not fit are counted, ended platforms first', () => {
    const rows = frame(started, 80, { lines: 7 });
    expect(rows).toHaveLength(7);
    expect(rows.slice(1, 6).map((row) => row.split(' ')[0])).toEqual([
      'linux/arm/v7',
      'linux/arm/v6',
      'linux/riscv64',
      'linux/s390x',
      'linux/ppc64le',
    ]);
    expect(rows[6]).toBe('… and 3 more (3 ended)');
  });
});

test('the heading shows that the build is being cancelled', () => {
  const cancelling = { ...building, jobs: building.jobs.map((job) => ({ ...job, status: 'cancelling' as const })) };
  expect(frame([{ event: 'build.started', build: cancelling }], 80)[0]).toBe(
    'registry.example.com/team/api:1.4  0:07  Cancelling…',
  );
});

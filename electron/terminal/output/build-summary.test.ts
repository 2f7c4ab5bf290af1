import { expect, test } from 'vitest';
import type { Build } from '../../../shared/build.ts';
import type { Problem } from '../../../shared/problem.ts';
import { building, done, failed, oldIsDown, pi, piFailed } from '../testing/recorded-build.ts';
import { RecordedStream } from '../testing/recorded-stream.ts';
import { printSummary } from './build-summary.ts';

function summary(build: Build, table?: boolean): string[] {
  const stream = new RecordedStream();
  printSummary(stream, build, table === undefined ? {} : { table });
  return stream.lines;
}

const withoutSkipped = { ...done, schedule: { ...done.schedule, leftOut: [] } };

test('the summary of a successful build shows its platforms, skipped nodes and the image', () => {
  expect(summary(done)).toEqual([
    'PLATFORM     NODE     MODE    STATUS  TIME     SENT  RECEIVED  DIGEST',
    'linux/amd64  big-amd  native  done    0:42  12.4 MB    3.1 MB  sha256:aaaaaaaaaaaa',
    'linux/arm64  pi4      native  done    1:42  12.4 MB    3.1 MB  sha256:bbbbbbbbbbbb',
    '',
    'skipped: old: Node old did not answer in 15 s.',
    '  Check that it is switched on.',
    '',
    `Built 2 platforms in 1:43: registry.example.com/team/api:1.4 sha256:${'c'.repeat(64)}`,
  ]);
});

test('the table is omitted below a grid', () => {
  expect(summary(withoutSkipped, false)).toEqual([
    '',
    `Built 2 platforms in 1:43: registry.example.com/team/api:1.4 sha256:${'c'.repeat(64)}`,
  ]);
});

test('a failed job is shown with its platform, node, step, last log lines and fix', () => {
  expect(summary({ ...failed, schedule: withoutSkipped.schedule }).slice(3)).toEqual([
    '',
    'failed: linux/arm64 on pi4 at step 4/5: RUN make -j4 all',
    '  | STEP 4/5: RUN make -j4 all',
    '  | cc -o api api.c',
    "  | api.c:3:1: error: unknown type name 'it'",
    '  | make: *** [api] Error 1',
    '  Node pi4: step `RUN make -j4 all` failed with exit code 2.',
    '  Fix the step and build again. Earlier steps are cached.',
    '',
    'Failed after 1:43 (1 of 2 platforms). No image was stored as registry.example.com/team/api:1.4.',
    `What is done is kept. Build only the rest: barnraiser retry ${failed.id}`,
  ]);
});

test('the last ten lines of a long log are shown', () => {
  const lastLines = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);
  const shown = summary({ ...failed, jobs: [{ ...piFailed, lastLines }] }).filter((line) => line.startsWith('  | '));
  expect(shown).toHaveLength(10);
  expect(shown.at(-1)).toBe('  | line 20');
});

test('a failed job shows the nodes that it lost earlier', () => {
  const lost = [{ node: 'pi3', problem: oldIsDown }];
  expect(summary({ ...failed, jobs: [{ ...piFailed, lost }] })).toContain(
    '  earlier attempt on pi3: Node old did not answer in 15 s.',
  );
});

test('a problem that all jobs share is shown once', () => {
  const problem: Problem = { code: 'context.unreadable', message: '/home/me/api/x cannot be read.', fix: 'Check it.' };
  const jobs = failed.jobs.map((job) => ({ ...pi, platform: job.platform, status: 'failed' as const, problem }));
  expect(summary({ ...failed, problem, jobs }, false).slice(4)).toEqual([
    'failed: linux/amd64 on pi4, linux/arm64 on pi4',
    '  /home/me/api/x cannot be read.',
    '  Check it.',
    '',
    'Failed after 1:43 (2 of 2 platforms). No image was stored as registry.example.com/team/api:1.4.',
  ]);
});

test('a problem of the whole build is shown', () => {
  const problem: Problem = { code: 'disk.full', message: 'The disk is full.', fix: 'Free some space.' };
  expect(summary({ ...withoutSkipped, status: 'failed', problem }, false).slice(1)).toEqual([
    '  The disk is full.',
    '  Free some space.',
    '',
    'Failed after 1:43. No image was stored as registry.example.com/team/api:1.4.',
  ]);
});

test('a cancelled build is reported as cancelled', () => {
  const jobs = building.jobs.map((job) => ({ ...job, status: 'cancelled' as const }));
  expect(summary({ ...building, status: 'cancelled', jobs, durationMs: 5000 }).at(-1)).toBe(
    'Cancelled after 0:05. No image was stored as registry.example.com/team/api:1.4.',
  );
});

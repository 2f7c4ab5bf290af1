import { expect, test } from 'vitest';
import type { Build } from '../../shared/build.ts';
import type { Problem } from '../../shared/problem.ts';
import { printSummary } from './summary.ts';
import { building, done, failed, oldIsDown, pi, piFailed } from './testing/recorded-build.ts';
import { RecordedStream } from './testing/recorded-stream.ts';

function summary(build: Build, table?: boolean): string[] {
  const stream = new RecordedStream();
  printSummary(stream, build, table === undefined ? {} : { table });
  return stream.lines;
}

const whole = { ...done, schedule: { ...done.schedule, leftOut: [] } };

test('a build that is done is told with its platforms, who was left out, and the image', () => {
  expect(summary(done)).toEqual([
    'PLATFORM     NODE     MODE    STATUS  TIME     SENT  RECEIVED  DIGEST',
    'linux/amd64  big-amd  native  done    0:42  12.4 MB    3.1 MB  sha256:aaaaaaaaaaaa',
    'linux/arm64  pi4      native  done    1:42  12.4 MB    3.1 MB  sha256:bbbbbbbbbbbb',
    '',
    'left out: old: Node old did not answer in 15 s.',
    '  Check that it is switched on.',
    '',
    `Built 2 platforms in 1:43: registry.example.com/team/api:1.4 sha256:${'c'.repeat(64)}`,
  ]);
});

test('below a grid the table is left out', () => {
  expect(summary(whole, false)).toEqual([
    '',
    `Built 2 platforms in 1:43: registry.example.com/team/api:1.4 sha256:${'c'.repeat(64)}`,
  ]);
});

test('a failed job is told with its platform, node, step, last lines and what to do', () => {
  expect(summary({ ...failed, schedule: whole.schedule }).slice(3)).toEqual([
    '',
    'failed: linux/arm64 on pi4 at step 4/5: RUN make -j4 all',
    '  | STEP 4/5: RUN make -j4 all',
    '  | cc -o api api.c',
    "  | api.c:3:1: error: unknown type name 'it'",
    '  | make: *** [api] Error 1',
    '  Node pi4: the step `RUN make -j4 all` ended with exit code 2.',
    '  Mend the step and build again: the steps before it are cached.',
    '',
    'Failed after 1:43: 1 of 2 platforms. Nothing was stored as registry.example.com/team/api:1.4.',
  ]);
});

test('of a long log the last ten lines are shown', () => {
  const lastLines = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);
  const shown = summary({ ...failed, jobs: [{ ...piFailed, lastLines }] }).filter((line) => line.startsWith('  | '));
  expect(shown).toHaveLength(10);
  expect(shown.at(-1)).toBe('  | line 20');
});

test('nodes that were lost before are told with the job that failed', () => {
  const lost = [{ node: 'pi3', problem: oldIsDown }];
  expect(summary({ ...failed, jobs: [{ ...piFailed, lost }] })).toContain(
    '  before, pi3: Node old did not answer in 15 s.',
  );
});

test('one reason for all jobs is told once', () => {
  const problem: Problem = { code: 'context.unreadable', message: '/home/me/api/x cannot be read.', fix: 'Check it.' };
  const jobs = failed.jobs.map((job) => ({ ...pi, platform: job.platform, status: 'failed' as const, problem }));
  expect(summary({ ...failed, problem, jobs }, false).slice(4)).toEqual([
    'failed: linux/amd64 on pi4, linux/arm64 on pi4',
    '  /home/me/api/x cannot be read.',
    '  Check it.',
    '',
    'Failed after 1:43: 2 of 2 platforms. Nothing was stored as registry.example.com/team/api:1.4.',
  ]);
});

test('a reason that is no job’s own is told too', () => {
  const problem: Problem = { code: 'disk.full', message: 'The disk is full.', fix: 'Free some space.' };
  expect(summary({ ...whole, status: 'failed', problem }, false).slice(1)).toEqual([
    '  The disk is full.',
    '  Free some space.',
    '',
    'Failed after 1:43. Nothing was stored as registry.example.com/team/api:1.4.',
  ]);
});

test('a cancelled build says so', () => {
  const jobs = building.jobs.map((job) => ({ ...job, status: 'cancelled' as const }));
  expect(summary({ ...building, status: 'cancelled', jobs, durationMs: 5000 }).at(-1)).toBe(
    'Cancelled after 0:05. Nothing was stored as registry.example.com/team/api:1.4.',
  );
});

import { expect, test } from 'vitest';
import type { Build } from '../../../shared/build.ts';
import type { Problem } from '../../../shared/problem.ts';
import type { Push } from '../../../shared/push.ts';
import { building, done, failed, makeFailed, oldIsDown, pi, piFailed } from '../testing/recorded-build.ts';
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

test('the summary says which platforms were unchanged', () => {
  const jobs = done.jobs.map((job) => ({ ...job, skipped: job.platform === 'linux/arm64' }));
  const lines = summary({ ...done, jobs }).slice(1, 3);
  expect(lines.map((line) => /done|unchanged/.exec(line)?.[0])).toEqual(['done', 'unchanged']);
});

test('on a terminal, the summary of a successful build says how to push it', () => {
  const withNext = (build: Build): string | undefined => {
    const stream = new RecordedStream();
    printSummary(stream, build, { next: true });
    return stream.lines.at(-1);
  };
  expect(withNext(done)).toBe('Push it: barnraiser push registry.example.com/team/api:1.4');
  expect(withNext({ ...done, reference: 'api:1.4' })).toBe(
    'Push it: barnraiser push api:1.4 registry.example.com/team/api:1.4',
  );
  expect(withNext(failed)).not.toContain('Push it');
});

test('warnings are shown with their lines, once for all platforms that have them', () => {
  const [first] = done.jobs;
  const source = { file: 'Dockerfile', firstLine: 4, lastLine: 5 };
  const warnings = [{ text: 'Empty continuation line', source, url: 'https://docs.docker.com/go/x' }];
  const onFirst = done.jobs.map((job) => (job === first ? { ...job, warnings } : job));
  expect(summary({ ...withoutSkipped, jobs: onFirst }).slice(4, 6)).toEqual([
    'warning: Dockerfile:4: Empty continuation line (linux/amd64)',
    '  https://docs.docker.com/go/x',
  ]);
  const onAll = done.jobs.map((job) => ({ ...job, warnings }));
  expect(summary({ ...withoutSkipped, jobs: onAll })[4]).toBe('warning: Dockerfile:4: Empty continuation line');
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
    'More: barnraiser explain build.failed',
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
    `warning: ${piFailed.platform} moved from pi3 to ${piFailed.node}: Node old did not answer in 15 s.`,
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
    'More: barnraiser explain context.unreadable',
  ]);
});

test('a problem of the whole build is shown', () => {
  const problem: Problem = { code: 'disk.full', message: 'The disk is full.', fix: 'Free some space.' };
  expect(summary({ ...withoutSkipped, status: 'failed', problem }, false).slice(1)).toEqual([
    '  The disk is full.',
    '  Free some space.',
    '',
    'Failed after 1:43. No image was stored as registry.example.com/team/api:1.4.',
    'More: barnraiser explain disk.full',
  ]);
});

test('a cancelled build is reported as cancelled', () => {
  const jobs = building.jobs.map((job) => ({ ...job, status: 'cancelled' as const }));
  expect(summary({ ...building, status: 'cancelled', jobs, durationMs: 5000 }).at(-1)).toBe(
    'Cancelled after 0:05. No image was stored as registry.example.com/team/api:1.4.',
  );
});

test('a failure that platforms share is told once, with the line of the Containerfile and the last log lines', () => {
  const steps = piFailed.steps.map((step, index) => (index === 3 ? { ...step, line: 7, error: 'exit code 2' } : step));
  const message = (node: string): string => `Node ${node}: step \`RUN make -j4 all\` failed with exit code 2.`;
  const jobs = failed.jobs.map(({ platform, node }) => ({
    ...piFailed,
    platform,
    node,
    steps,
    problem: { ...makeFailed, message: message(node), actions: [{ id: 'use-docker-format' as const }] },
  }));
  const lines = summary({ ...failed, jobs }, false);
  expect(lines.filter((line) => line.startsWith('failed:'))).toEqual([
    'failed: linux/amd64 on big-amd, linux/arm64 on pi4 at step 4/5 (line 7): RUN make -j4 all',
  ]);
  expect(lines.filter((line) => line.startsWith('  |'))).toHaveLength(4);
  expect(lines).toContain("  To keep them, build in docker's format: add --format docker.");
});

test('the summary of a build tells what became of its push', () => {
  const push: Push = {
    id: 'p',
    reference: done.reference,
    destination: done.reference,
    status: 'done',
    totalBytes: 3_000_000,
    uploadedBytes: 1_000_000,
    skippedBytes: 2_000_000,
    images: [],
    digest: `sha256:${'c'.repeat(64)}`,
  };
  expect(summary({ ...withoutSkipped, push }).at(-1)).toBe(
    `Pushed registry.example.com/team/api:1.4 (0 images, 1.0 MB uploaded, 2.0 MB already there) sha256:${'c'.repeat(64)}`,
  );
  const notDirect = [
    { node: 'pi4', problem: { code: 'engine.refused', message: 'No route.', fix: 'Check it.' } as const },
  ];
  const { list: _, ...direct } = withoutSkipped;
  expect(summary({ ...direct, push: { ...push, direct: true, notDirect } }).slice(-6)).toEqual([
    'warning: Node pi4 could not push to the registry. Its images went through this computer.',
    '  No route.',
    '  Check it.',
    '',
    expect.stringMatching(/^Built .* registry.example.com\/team\/api:1.4, which is not stored here$/),
    `Pushed registry.example.com/team/api:1.4 (0 images, 2.0 MB by the nodes, 1.0 MB from here) sha256:${'c'.repeat(64)}`,
  ]);
  const problem: Problem = {
    code: 'registry.authentication',
    message: 'The registry refused the password.',
    fix: 'Sign in.',
    actions: [{ id: 'sign-in', registry: 'registry.example.com' }],
  };
  expect(summary({ ...withoutSkipped, push: { ...push, status: 'failed', problem } }).slice(-6)).toEqual([
    'Could not push registry.example.com/team/api:1.4.',
    '  The registry refused the password.',
    '  Sign in.',
    '  For this command only, add --creds USER. To sign in, run barnraiser login registry.example.com.',
    'Push it again: barnraiser push registry.example.com/team/api:1.4',
    'More: barnraiser explain registry.authentication',
  ]);
});

/** Events and records of a build on two nodes, with a third node skipped. */
import type { Build, Job } from '../../../shared/build.ts';
import type { AppEvent } from '../../../shared/contract.ts';
import { type Platform, parsePlatform } from '../../../shared/platform.ts';
import type { Problem } from '../../../shared/problem.ts';
import type { Step } from '../../../shared/step.ts';

/** When the build starts, in milliseconds since 1970. */
export const start = Date.parse('2026-01-02T03:04:05.000Z');

export function platform(text: string): Platform {
  const parsed = parsePlatform(text);
  if (!parsed) {
    throw new Error(`${text} is not a platform`);
  }
  return parsed;
}

const digest = (digit: string): `sha256:${string}` => `sha256:${digit.repeat(64)}`;

export const oldIsDown: Problem = {
  code: 'ssh.timeout',
  message: 'Node old did not answer in 15 s.',
  fix: 'Check that it is switched on.',
};

export const makeFailed: Problem = {
  code: 'build.failed',
  message: 'Node pi4: step `RUN make -j4 all` failed with exit code 2.',
  fix: 'Fix the step and build again. Earlier steps are cached.',
};

const texts = [
  'FROM docker.io/library/alpine:3.20',
  'RUN apk add --no-cache build-base cmake ninja linux-headers && rm -rf /var/cache/apk',
  'COPY . /src',
  'RUN make -j4 all',
  'ENTRYPOINT ["/usr/bin/api"]',
];

/** The first `count` steps. The last one is still running, the first two were cached. */
export function steps(count: number): Step[] {
  return texts.slice(0, count).map((name, index) => ({
    id: `0:${index + 1}`,
    index: index + 1,
    total: texts.length,
    name,
    firstLine: index,
    cached: index < 2,
    startedAt: new Date(start + index * 1000).toISOString(),
    ...(index + 1 < count ? { durationMs: 1000 } : {}),
  }));
}

export const big: Job = {
  platform: platform('amd64'),
  node: 'big-amd',
  mode: 'native',
  reason: 'native, idle',
  status: 'queued',
  steps: [],
  bytesSent: 0,
  bytesReceived: 0,
  lost: [],
};
export const pi: Job = { ...big, platform: platform('arm64'), node: 'pi4', reason: 'only native node' };

export const building: Build = {
  id: '20260102-030405-abcd',
  status: 'running',
  reference: 'registry.example.com/team/api:1.4',
  request: {
    context: '/home/me/api',
    reference: 'registry.example.com/team/api:1.4',
    pins: {},
    emulate: true,
    buildArgs: {},
    labels: {},
    noCache: false,
    pull: 'missing',
    retention: 'cache',
  },
  schedule: {
    assignments: [big, pi].map(({ platform, node, mode, reason }) => ({ platform, node, mode, reason })),
    unassigned: [],
    leftOut: [{ node: 'old', problem: oldIsDown }],
  },
  jobs: [big, pi],
  createdAt: new Date(start).toISOString(),
};

const startedAt = new Date(start + 500).toISOString();
export const bigDone: Job = {
  ...big,
  status: 'done',
  startedAt,
  steps: steps(5).map((step) => ({ ...step, durationMs: 1000 })),
  bytesSent: 12_400_000,
  bytesReceived: 3_100_000,
  durationMs: 42_000,
  transfer: 'push',
  digest: digest('a'),
  size: 3_100_000,
};
export const piDone: Job = { ...bigDone, platform: pi.platform, node: 'pi4', durationMs: 102_000, digest: digest('b') };
export const piFailed: Job = {
  ...pi,
  status: 'failed',
  startedAt,
  steps: steps(4),
  bytesSent: 12_400_000,
  durationMs: 61_000,
  problem: makeFailed,
  lastLines: [
    'STEP 4/5: RUN make -j4 all',
    'cc -o api api.c',
    "api.c:3:1: error: unknown type name 'it'",
    'make: *** [api] Error 1',
  ],
};

export const done: Build = {
  ...building,
  status: 'done',
  jobs: [bigDone, piDone],
  durationMs: 103_000,
  list: {
    reference: building.reference,
    digest: digest('c'),
    mediaType: 'application/vnd.oci.image.index.v1+json',
    createdAt: new Date(start + 103_000).toISOString(),
    entries: [],
  },
};
export const failed: Build = {
  ...building,
  status: 'failed',
  jobs: [bigDone, piFailed],
  durationMs: 103_000,
  problem: makeFailed,
};

const buildId = building.id;
export const jobChanged = ({ steps: _, ...job }: Job): AppEvent => ({ event: 'job.changed', buildId, job });
export const stepChanged = ({ platform }: Job, step: Step): AppEvent => ({
  event: 'step.changed',
  buildId,
  platform,
  step,
});
/** The events after which a job without steps has these. */
const stepsChanged = (job: Job): AppEvent[] => job.steps.map((step) => stepChanged(job, step));
export const jobLog = (job: Job, from: number, ...lines: string[]): AppEvent => ({
  event: 'job.log',
  buildId,
  platform: job.platform,
  node: job.node,
  from,
  lines,
  stepIds: lines.map((_, index) => job.steps.findLast(({ firstLine = 0 }) => firstLine <= from + index)?.id ?? null),
});

/** From the start of the build until the first job runs step 3 and the second job runs step 2. */
export const startEvents: readonly AppEvent[] = [
  { event: 'build.started', build: building },
  { event: 'build.context', buildId, files: 1204, bytes: 12_400_000, done: false },
  jobChanged({ ...big, status: 'context', startedAt }),
  jobChanged({ ...pi, status: 'context', startedAt, bytesSent: 1_000_000 }),
  { event: 'build.context', buildId, files: 1204, bytes: 12_400_000, done: true },
  ...stepsChanged({ ...big, steps: steps(3) }),
  jobLog({ ...big, steps: steps(3) }, 0, 'STEP 1/5: FROM docker.io/library/alpine:3.20', 'STEP 2/5: RUN apk add …'),
  jobChanged({ ...big, status: 'building', startedAt, bytesSent: 12_400_000 }),
  ...stepsChanged({ ...pi, steps: steps(2) }),
  jobLog({ ...pi, steps: steps(2) }, 0, 'STEP 1/5: FROM docker.io/library/alpine:3.20'),
  jobChanged({ ...pi, status: 'building', startedAt, bytesSent: 12_400_000 }),
];

/** The events after {@link startEvents} in a successful build. */
export const endEvents: readonly AppEvent[] = [
  ...stepsChanged(bigDone),
  jobChanged({
    ...big,
    status: 'transferring',
    startedAt,
    bytesSent: 12_400_000,
    bytesReceived: 800_000,
  }),
  jobChanged(bigDone),
  ...stepsChanged(piDone),
  jobChanged(piDone),
  { event: 'build.finished', build: done },
];

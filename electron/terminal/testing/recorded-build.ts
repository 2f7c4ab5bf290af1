import type { Build, Job, Step } from '../../../shared/build.ts';
import type { AppEvent } from '../../../shared/contract.ts';
import { type Platform, parsePlatform } from '../../../shared/platform.ts';
import type { Problem } from '../../../shared/problem.ts';

/** For tests: what the app tells of a build on two nodes, one of which is left out, as the tests' clock begins at {@link start}. */
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
  message: 'Node pi4: the step `RUN make -j4 all` ended with exit code 2.',
  fix: 'Mend the step and build again: the steps before it are cached.',
};

const texts = [
  'FROM docker.io/library/alpine:3.20',
  'RUN apk add --no-cache build-base cmake ninja linux-headers && rm -rf /var/cache/apk',
  'COPY . /src',
  'RUN make -j4 all',
  'ENTRYPOINT ["/usr/bin/api"]',
];

/** The first `count` steps, of which the last is still running. The first two were cached. */
export function steps(count: number): Step[] {
  return texts.slice(0, count).map((text, index) => ({
    index: index + 1,
    total: texts.length,
    text,
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
export const pi: Job = { ...big, platform: platform('arm64'), node: 'pi4', reason: 'native, only node' };

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
    residue: 'cache',
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
export const changed = (job: Job): AppEvent => ({ event: 'job.changed', buildId, job });
export const logged = (job: Job, from: number, ...lines: string[]): AppEvent => ({
  event: 'job.log',
  buildId,
  platform: job.platform,
  node: job.node,
  from,
  lines,
});

/** From the start of a build until both jobs build, the first at step 3 and the second at step 2. */
export const underWay: readonly AppEvent[] = [
  { event: 'build.started', build: building },
  { event: 'build.context', buildId, files: 1204, bytes: 12_400_000, done: false },
  changed({ ...big, status: 'context', startedAt }),
  changed({ ...pi, status: 'context', startedAt, bytesSent: 1_000_000 }),
  { event: 'build.context', buildId, files: 1204, bytes: 12_400_000, done: true },
  logged(big, 0, 'STEP 1/5: FROM docker.io/library/alpine:3.20', 'STEP 2/5: RUN apk add …'),
  changed({ ...big, status: 'building', startedAt, bytesSent: 12_400_000, steps: steps(3) }),
  logged(pi, 0, 'STEP 1/5: FROM docker.io/library/alpine:3.20'),
  changed({ ...pi, status: 'building', startedAt, bytesSent: 12_400_000, steps: steps(2) }),
];

/** What follows {@link underWay} where all goes well. */
export const toTheEnd: readonly AppEvent[] = [
  changed({
    ...big,
    status: 'pulling',
    startedAt,
    bytesSent: 12_400_000,
    bytesReceived: 800_000,
    steps: bigDone.steps,
  }),
  changed(bigDone),
  changed(piDone),
  { event: 'build.finished', build: done },
];

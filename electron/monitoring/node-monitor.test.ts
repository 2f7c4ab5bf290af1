import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Build } from '../../shared/build.ts';
import type { Node } from '../../shared/node.ts';
import type { Sample } from '../../shared/node-history.ts';
import { platformSchema } from '../../shared/platform.ts';
import { problemOf } from '../../shared/problem.ts';
import { sampleBuild } from '../builds/testing/sample-build.ts';
import type { Transport } from '../engines/transport/transport.ts';
import { Events } from '../events.ts';
import type { NodeConnection } from '../nodes/connection-pool.ts';
import { NodeMonitor } from './node-monitor.ts';

const connection = { name: 'pi4', uri: 'ssh://pi@pi4.local' };

let folder: string;
let events: Events;
let open: Pick<NodeConnection, 'connection' | 'transport'>[];
let monitors: NodeMonitor[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-monitor-'));
  events = new Events();
  open = [];
  monitors = [];
});
afterEach(async () => {
  await Promise.all(monitors.map((monitor) => monitor.close()));
  await rm(folder, { recursive: true });
});

function start({ isSampling = true, busyMs = 5, quietMs = 3_600_000 } = {}): NodeMonitor {
  const monitor = new NodeMonitor({
    folder: join(folder, 'samples'),
    pool: { openConnections: async () => open as NodeConnection[] },
    events,
    connections: async () => [connection],
    isSampling,
    intervals: { busyMs, quietMs },
  });
  monitors.push(monitor);
  return monitor;
}

type Run = Transport['run'];
/** An open connection whose node runs this. */
function opened(run: Run, { isSaturated = false } = {}): void {
  const transport: Partial<Transport> = { run, isSaturated: () => isSaturated, lost: new AbortController().signal };
  open = [{ connection, transport: transport as Transport }];
}

const answers = vi.fn<Run>(async () => ({
  code: 0,
  stdout: 'load-average 1.25 0.80 0.50 1/200 4242\nMemAvailable:    2000 kB\n',
  stderr: '',
}));

async function samples(monitor: NodeMonitor): Promise<Sample[]> {
  return (await monitor.samples(['pi4'], 'minutes')).flatMap((node) => node.samples);
}

const node: Node = {
  ...{ connection: 'pi4', engine: 'podman', version: '5', apiVersion: '5', hostname: 'pi4', emulated: [] },
  ...{ platform: platformSchema.parse('linux/arm64'), capabilities: { exportFormats: [] }, latencyMs: 3 },
  ...{ load: 0.5, memory: { total: 8, free: 6 }, disk: { total: 100, free: 40 } },
};

it('samples open connections while someone looks, without counting as a use of them', async () => {
  opened(answers);
  const monitor = start();
  await vi.waitFor(async () =>
    expect(await samples(monitor)).toMatchObject([{ load: 1.25, memoryFree: 2_048_000, running: 0, waiting: 0 }]),
  );
  expect(answers.mock.calls.every(([, options]) => options?.isObservation === true)).toBe(true);
});

it('samples again and again while someone looks, and rarely otherwise', async () => {
  let count = 0;
  opened(async () => {
    count += 1;
    return answers('');
  });
  const monitor = start({ quietMs: 3_600_000 });
  // the first round is at once, the next one after an hour
  await vi.waitFor(() => expect(count).toBe(1));
  await delay(50);
  expect(count).toBe(1);
  await samples(monitor);
  await vi.waitFor(() => expect(count).toBeGreaterThan(3));
});

it('leaves alone a connection that is busy, and one whose node runs no commands', async () => {
  const run = vi.fn<Run>(async () => Promise.reject(new Error('refused')));
  opened(run, { isSaturated: true });
  const monitor = start();
  await samples(monitor);
  await delay(30);
  expect(run).not.toHaveBeenCalled();
  opened(run);
  await vi.waitFor(() => expect(run).toHaveBeenCalled());
  await samples(monitor);
  await delay(30);
  expect(run).toHaveBeenCalledTimes(1);
});

it('takes what a probe measured for a sample, once', async () => {
  const monitor = start();
  await samples(monitor);
  const status = { state: 'up' as const, connection: 'pi4', node };
  events.emit({ event: 'node.changed', status });
  await vi.waitFor(async () =>
    expect(await samples(monitor)).toMatchObject([{ load: 0.5, memoryFree: 6, diskFree: 40 }]),
  );
  const before = await samples(monitor);
  // the same probe, with what is known of another connection
  events.emit({ event: 'node.changed', status: { ...status, sameMachineAs: 'other' } });
  expect(await samples(monitor)).toEqual(before);
});

it('marks when a node was lost, but not each attempt to reconnect it', async () => {
  const monitor = start();
  await samples(monitor);
  const down = { state: 'down' as const, connection: 'pi4', problem: problemOf(new Error('gone')) };
  events.emit({ event: 'node.changed', status: down });
  expect(await samples(monitor)).toEqual([]);
  events.emit({ event: 'node.changed', status: { state: 'up', connection: 'pi4', node } });
  events.emit({ event: 'node.changed', status: down });
  events.emit({ event: 'node.changed', status: down });
  expect((await samples(monitor)).filter((sample) => sample.down)).toHaveLength(1);
});

it('counts the jobs of all builds, of other processes too', async () => {
  const monitor = start();
  await samples(monitor);
  const template = sampleBuild('b1', 'running');
  const [job] = template.jobs;
  const jobs = (
    [
      ['linux/amd64', 'building'],
      ['linux/arm64', 'queued'],
      ['linux/386', 'done'],
    ] as const
  ).flatMap(([platform, status]) =>
    job ? [{ ...job, platform: platformSchema.parse(platform), node: 'pi4', status }] : [],
  );
  const build: Build = { ...template, jobs };
  events.emit({ event: 'build.started', build, ofOtherProcess: true });
  expect(await samples(monitor)).toMatchObject([{ running: 1, waiting: 1 }]);
  const [first] = jobs;
  if (first) {
    const { steps: _, ...state } = first;
    events.emit({ event: 'job.changed', buildId: 'b1', job: { ...state, node: 'elsewhere' } });
  }
  events.emit({ event: 'build.finished', build: { ...build, status: 'done' } });
  await vi.waitFor(async () => expect((await samples(monitor)).at(-1)).toMatchObject({ waiting: 1 }));
});

it('keeps its samples for the next start, and only reads them where nodes are not sampled', async () => {
  opened(answers);
  const monitor = start();
  await vi.waitFor(async () => expect(await samples(monitor)).toHaveLength(1));
  await monitor.close();
  answers.mockClear();
  const terminal = start({ isSampling: false });
  expect(await samples(terminal)).toMatchObject([{ load: 1.25 }]);
  await delay(20);
  expect(answers).not.toHaveBeenCalled();
});

it('knows nothing of nodes without a connection', async () => {
  expect(await start().samples(['unknown'], 'hours')).toEqual([{ node: 'unknown', samples: [] }]);
});

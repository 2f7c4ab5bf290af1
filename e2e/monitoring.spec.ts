/** Samples of real nodes: over connections that are open anyway, without opening one and without keeping one open. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { type App, createApp } from '../electron/app.ts';
import type { CallInput, CallName, CallOutput } from '../shared/contract.ts';
import { nodeSamplesSchema } from '../shared/sample.ts';
import { statisticsSchema } from '../shared/statistics.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import { type ExtraSshd, runOnNode, startExtraSshd } from './lab/lab.ts';

const lab = await setUpLab();
const cleanups: (() => unknown)[] = [];
let person: Person;
let app: App;

beforeEach(async () => {
  person = await Person.create();
  cleanups.push(() => person.remove());
  process.env.BARNRAISER_KNOWN_HOSTS = person.knownHosts;
  process.env.BARNRAISER_SSH_CONFIG = 'none';
  process.env.SSH_AUTH_SOCK = '';
  await writeFile(person.knownHosts, '');
  app = await createApp({ frontEnd: 'browser', home: person.home, idleMs: 2_000, sampleMs: 200, downAfterMs: 500 });
  cleanups.push(() => app.close());
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

async function call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const result = await app.call(name, input);
  if (!result.ok) {
    throw new Error(result.problem.message);
  }
  return result.value;
}

/** A connection to an sshd of its own on a node, which logs what it is asked for. */
async function addConnection(name: string, node: string): Promise<ExtraSshd> {
  const sshd = await startExtraSshd(node, { config: ['LogLevel VERBOSE'] });
  cleanups.push(() => sshd.stop());
  await writeFile(
    person.knownHosts,
    (await readFile(person.knownHosts, 'utf8')) + (await readFile(sshd.knownHosts, 'utf8')),
  );
  const { identity, socket } = lab.node(node);
  await call('connections.add', { name, uri: `ssh://root@127.0.0.1:${sshd.port}${socket}`, identity });
  return sshd;
}

const logOf = async (node: string, { port }: ExtraSshd): Promise<string> =>
  (await runOnNode(node, `cat /run/node/sshd-${port}.log`)).stdout;
const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

test('samples appear for a node with an open connection, which is closed when idle; no other node is contacted', async () => {
  const quiet = await addConnection('quiet', 'amd-a');
  const untouched = await addConnection('untouched', 'docker-a');
  await call('nodes.probe', { connections: ['quiet'] });
  const samples = async () => call('samples.get', { connections: ['quiet', 'untouched'], range: 'minutes' });
  const commands = async (): Promise<number> => count(await logOf('amd-a', quiet), /Starting session: command/g);
  const afterProbe = await commands();
  await expect.poll(commands, { timeout: 30_000 }).toBeGreaterThan(afterProbe + 2);
  const [known, unknown] = await samples();
  const { total = 0 } =
    (await call('nodes.list', {})).flatMap((status) => (status.state === 'up' ? (status.node.disk ?? []) : []))[0] ??
    {};
  expect(known?.samples.at(-1)).toMatchObject({ running: 0, waiting: 0, load: expect.any(Number) });
  expect(known?.samples.at(-1)?.memoryFree).toBeGreaterThan(1e6);
  expect(known?.samples.at(-1)?.diskFree).toBeGreaterThan(1e6);
  expect(known?.samples.at(-1)?.diskFree).toBeLessThan(total);
  expect(unknown).toEqual({ node: 'untouched', samples: [] });

  // it was sampled all the time, and is closed all the same
  const sessions = async (): Promise<string> => {
    await samples();
    const pid = `$(cat /run/node/sshd-${quiet.port}.pid)`;
    return (await runOnNode('amd-a', `cat /proc/${pid}/task/${pid}/children`)).stdout.trim();
  };
  await expect.poll(sessions, { timeout: 30_000 }).toBe('');
  const afterClose = await logOf('amd-a', quiet);
  await samples();
  await expect.poll(async () => (await samples()).length).toBe(2);
  expect(count(await logOf('amd-a', quiet), /Accepted publickey/g)).toBe(count(afterClose, /Accepted publickey/g));
  expect(count(await logOf('docker-a', untouched), /Connection from/g)).toBe(0);
});

test('a node that goes down is reported, and that it is back', async () => {
  const sshd = await addConnection('falling', 'amd-a');
  const alerts: unknown[] = [];
  app.subscribe((event) => event.event === 'node.alert' && alerts.push(event.alert));
  await call('nodes.probe', { connections: ['falling'] });
  await sshd.stop();
  await expect.poll(() => alerts, { timeout: 30_000 }).toEqual([{ kind: 'down', nodes: ['falling'] }]);
  const again = await startExtraSshd('amd-a', { port: sshd.port, config: [] });
  cleanups.push(() => again.stop());
  await call('nodes.probe', { connections: ['falling'] });
  await expect.poll(() => alerts.at(-1), { timeout: 30_000 }).toEqual({ kind: 'back', nodes: ['falling'] });
});

test('a build leaves samples and statistics, which the terminal shows after a restart', async () => {
  await addConnection('builder', 'amd-a');
  const context = await makeProject({ Containerfile: `${lab.from}RUN echo ${Date.now()} && sleep 1\n` });
  const ended = new Promise<void>((resolve) => {
    app.subscribe(({ event }) => event === 'build.finished' && resolve());
  });
  await call('builds.start', { context, reference: 'monitored:1', connections: ['builder'] });
  await ended;
  const newest = async () =>
    (await call('samples.get', { connections: ['builder'], range: 'minutes' }))[0]?.samples ?? [];
  expect(Math.max(...(await newest()).map(({ running = 0 }) => running))).toBe(1);
  await app.close();

  const lines = (await person.mustRun('status', '--history', '10m', '--node', 'builder', '--json')).trim().split('\n');
  const [history] = z.array(nodeSamplesSchema).parse(lines.map((line) => JSON.parse(line)));
  expect(history?.samples.some(({ running, load }) => running === 1 && load !== undefined)).toBe(true);
  expect(await person.mustRun('status', '--history', '3h', '--node', 'builder')).toMatch(/^builder .*[▁▂▃▄▅▆▇█]/m);

  const statistics = statisticsSchema.parse(JSON.parse(await person.mustRun('stats', '--json')));
  expect(statistics).toMatchObject({ builds: { done: 1, failed: 0 }, nodes: [{ node: 'builder', done: 1, lost: 0 }] });
  expect(await person.mustRun('stats')).toMatch(/^builder +1 +100 %/m);
  expect(await person.mustRun('stats', '--project', join(context, 'other'))).toContain('No builds yet');
});

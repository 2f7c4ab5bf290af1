/**
 * Processes of one data folder are killed at random moments: the others go on, and nothing is shown as running that is not.
 * `BARNRAISER_SEED` repeats the moments of another run.
 */
import { randomInt } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type App, createApp } from '../electron/app.ts';
import { NodeSlots } from '../electron/nodes/node-slots.ts';
import { buildEntrySchema } from '../shared/build-entry.ts';
import type { AppEvent } from '../shared/contract.ts';
import { ensureBundled } from './bundle.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';
import { type BrowserFrontEnd, openBrowserFrontEnd } from './pages/browser-front-end.ts';

const rounds = Number(process.env.BARNRAISER_TEST_ROUNDS ?? 6);
/** From the start of a terminal to the end of its build it takes about this long, in milliseconds. */
const buildMs = 2_000;
/** Locks of killed processes are taken over after some seconds. */
const lockTimeoutMs = 60_000;
const seed = Number(process.env.BARNRAISER_SEED ?? randomInt(2 ** 31));

/** What is killed: the app that terminals use, a terminal that uses it, or one that works by itself. */
const victims = ['app', 'attached terminal', 'terminal by itself'] as const;
const random = randomNumbers(seed);
const moments = Array.from({ length: rounds }, (_, index) => ({
  round: index + 1,
  victim: victims[index % victims.length] ?? 'app',
  afterMs: Math.round(random() * buildMs),
}));

const lab = await setUpLab();
const [node, otherNode] = [lab.node('amd-a'), lab.node('amd-b')];
const mark = randomInt(100_000, 1_000_000);
let person: Person;
let project: string;
let app: BrowserFrontEnd | undefined;
/** Another process, which is never killed. It shows the builds of all processes, and builds on its own. */
let observer: App;
let events: AppEvent[];
let slots: NodeSlots;

beforeAll(async () => {
  await ensureBundled();
  person = await Person.create();
  await person.addConnections(node, otherNode);
  project = await makeProject({ Containerfile: `${lab.from}RUN sleep 0.3${mark}\nRUN echo ${mark} > /mark\n` });
  for (const [name, value] of Object.entries(person.env)) {
    vi.stubEnv(name, value);
  }
  observer = await createApp({ frontEnd: 'browser', home: person.home });
  events = [];
  observer.subscribe((event) => events.push(event));
  await observer.call('settings.update', { jobsPerNode: 1 });
  slots = new NodeSlots(join(person.home, 'slots'), { slotsOf: async () => () => 1 });
});
afterAll(async () => {
  await observer?.close();
  await app?.close();
  vi.unstubAllEnvs();
  await person?.remove();
  await rm(project, { recursive: true });
});

/** The same sequence of numbers from 0 to 1 for the same seed (mulberry32). */
function randomNumbers(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Builds in the observer, and waits for the end. */
async function build(reference: string, connection: string): Promise<string> {
  const started = await observer.call('builds.start', {
    context: project,
    reference,
    connections: [connection],
    noCache: true,
  });
  const id = started.ok ? started.value.id : expect.fail(started.problem.message);
  await expect.poll(() => endOf(id), { timeout: lockTimeoutMs }).toBeDefined();
  return endOf(id) ?? '';
}

function endOf(id: string): string | undefined {
  const end = events.find((event) => event.event === 'build.finished' && event.build.id === id);
  return end?.event === 'build.finished' ? `${end.build.status} ${end.build.problem?.message ?? ''}`.trim() : undefined;
}

/** The running builds that the observer shows. */
function shownAsRunning(): string[] {
  return events.flatMap((event) =>
    event.event === 'build.started' && endOf(event.build.id) === undefined ? [event.build.reference] : [],
  );
}

/** The running builds in a process that has just been started. */
async function listRunning(): Promise<string[]> {
  const { stdout, stderr } = await person.startWith({ BARNRAISER_ATTACH: '0' }, 'builds', '--json').ended;
  expect(stderr).toBe('');
  const builds = z.array(buildEntrySchema).parse(JSON.parse(stdout));
  expect(builds.filter(({ status }) => status === 'unreadable')).toEqual([]);
  return builds.flatMap(({ reference, status }) => (status === 'running' ? [reference] : []));
}

describe(`with the seed ${seed}`, () => {
  test.each(moments)('$round: the $victim is killed after $afterMs ms', async ({ round, victim, afterMs }) => {
    app ??= await openBrowserFrontEnd(person);
    const reference = `victim-${round}:1`;
    const isAlone = victim === 'terminal by itself';
    const terminal = person.startWith(
      isAlone ? { BARNRAISER_ATTACH: '0' } : {},
      ...['build', '--json', '-t', reference, '--node', 'amd-a', '--no-cache', project],
    );
    const bystander = build(`bystander-${round}:1`, 'amd-b');
    await delay(afterMs);
    if (victim === 'app') {
      await app.close('SIGKILL');
      app = undefined;
    } else {
      terminal.process.kill('SIGKILL');
    }
    const { code, stderr } = await terminal.ended;
    if (victim === 'app') {
      // a terminal that could not use the app any more works by itself
      expect([0, 1], stderr).toContain(code);
      expect(stderr).toMatch(/^$|app\.closed/);
    }
    // without its terminal, a build goes on in the app
    const isBuilding = victim === 'attached terminal';
    if (!isBuilding) {
      expect(await slots.load([node])).toMatchObject({ 'amd-a': { jobs: [] } });
    }
    const next = build(`next-${round}:1`, 'amd-a');
    if (!isBuilding) {
      expect(await listRunning()).not.toContain(reference);
    }
    await expect.poll(shownAsRunning).not.toContain(reference);
    expect(await next).toBe('done');
    expect(await bystander).toBe('done');
    expect(await slots.load([node, otherNode])).toMatchObject({ 'amd-a': { jobs: [] }, 'amd-b': { jobs: [] } });
  });
});

test('nothing is left of those that were killed', async () => {
  await app?.close();
  app = undefined;
  expect(await listRunning()).toEqual([]);
  const images = await observer.call('images.list', {});
  const references = images.ok ? images.value.map(({ reference }) => reference) : expect.fail(images.problem.message);
  for (const { round } of moments) {
    expect(references).toContain(`next-${round}:1`);
    expect(references).toContain(`bystander-${round}:1`);
  }
  expect(await readdir(join(person.home, 'running'))).toEqual([]);
  // those of the observer, and the blobs that killed builds need when they are resumed
  expect(await readdir(join(person.home, 'spool'))).toHaveLength(1);
  const areas = await readdir(join(person.home, 'images.work'));
  const contents = await Promise.all(areas.map((name) => readdir(join(person.home, 'images.work', name))));
  expect(contents.filter((names) => !names.some((name) => /^lease-\d+-\d{8}-/.test(name)))).toHaveLength(1);
  for (const name of ['amd-a', 'amd-b']) {
    await expect.poll(async () => (await runOnNode(name, `pgrep -f '^sleep 0[.]3${mark}$'`)).stdout).toBe('');
  }
});

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type App, createApp } from '../electron/app.ts';
import type { AppEvent } from '../shared/contract.ts';
import { makeProject, Person, parseBuild, type Running, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';

/** Several processes of one data folder that build on the same node, none of which is attached to another. */

const lab = await setUpLab();
const node = 'amd-b';
let person: Person;
let project: string;
/** The app of a window. */
let app: App;
let events: AppEvent[];

beforeAll(async () => {
  person = await Person.create({ BARNRAISER_ATTACH: '0' });
  await person.addConnections(lab.node(node));
  project = await makeProject({ Containerfile: `${lab.from}ARG mark\nARG seconds\nRUN sleep $seconds; echo $mark\n` });
});
afterAll(async () => {
  await person.remove();
  await rm(project, { recursive: true });
});
beforeEach(async () => {
  app = await createApp({ frontEnd: 'browser', home: person.home });
  await app.call('settings.update', { jobsPerNode: 1 });
  events = [];
  app.subscribe((event) => events.push(event));
});
afterEach(() => app.close());

/** Starts a build in a terminal that sleeps on the node, in a program that no other build has. */
function startBuild(name: string, seconds: number): Running {
  const args = ['--build-arg', `mark=${name}`, '--build-arg', `seconds=${seconds}`];
  return person.start('build', '--json', '-t', `${name}:1`, '--node', node, '--no-cache', ...args, project);
}

const isWaiting = (line: string): boolean => line.includes('"wait":{"reason":"slot"');
const isSleeping = (line: string): boolean => line.includes('RUN sleep') && line.includes('startedAt');

/** The id of a build that was reported. One that ended between two looks at it is reported only as finished. */
function reportedId(reference: string): string | undefined {
  return events
    .flatMap((event) => (event.event === 'build.started' || event.event === 'build.finished' ? [event.build] : []))
    .find((build) => build.reference === reference)?.id;
}

function stateOf(reference: string): string | undefined {
  const id = reportedId(reference);
  return events
    .flatMap((event) => {
      if (event.event === 'build.finished' && event.build.id === id) {
        return [`build ${event.build.status}`];
      }
      return event.event === 'job.changed' && event.buildId === id ? [event.job.status] : [];
    })
    .at(-1);
}

async function idOf(reference: string): Promise<string> {
  await expect.poll(() => reportedId(reference)).toBeDefined();
  return reportedId(reference) ?? expect.fail('it was not reported');
}

test('builds of several terminals take turns on a node, and the window shows all of them', async () => {
  const names = ['one', 'two', 'three'];
  const terminals = names.map((name) => startBuild(name, 2));
  const outcomes = await Promise.all(terminals.map(({ ended }) => ended));
  // from the start of each job to the end of its last step
  const times = outcomes
    .map((outcome) => parseBuild(outcome))
    .map(({ status, jobs: [job] }) => {
      expect(status).toBe('done');
      const step = job?.steps.at(-1);
      return [Date.parse(job?.startedAt ?? ''), Date.parse(step?.startedAt ?? '') + (step?.durationMs ?? 0)] as const;
    })
    .sort(([one], [other]) => one - other);
  for (const [position, [start]] of times.entries()) {
    expect(start).toBeGreaterThanOrEqual(times[position - 1]?.[1] ?? 0);
  }
  expect(outcomes.filter(({ stdout }) => stdout.split('\n').some(isWaiting)).length).toBeGreaterThanOrEqual(2);
  await expect.poll(() => names.map((name) => stateOf(`${name}:1`))).toEqual(names.map(() => 'build done'));
  const logs = events.flatMap((event) => (event.event === 'job.log' ? event.lines : []));
  expect(logs).toEqual(expect.arrayContaining(names));
});

test('a window cancels the build of a terminal, whose program ends on the node', async () => {
  const terminal = startBuild('cancelled', 1234);
  await terminal.waitForLine(isSleeping);
  const id = await idOf('cancelled:1');
  expect(await app.call('builds.remove', { id })).toMatchObject({ problem: { code: 'build.running' } });
  expect(await app.call('builds.cancel', { id })).toMatchObject({ ok: true });
  expect(await app.call('builds.get', { id })).toMatchObject({ value: { status: 'cancelled' } });
  expect((await terminal.ended).code).toBe(130);
  expect((await runOnNode(node, 'pgrep -f "^sleep 1234"')).stdout).toBe('');
  await expect.poll(() => stateOf('cancelled:1')).toBe('build cancelled');
});

test('a killed terminal frees its slot, and its build is shown as interrupted', async () => {
  const killed = startBuild('killed', 20);
  await killed.waitForLine(isSleeping);
  const next = startBuild('next', 1);
  await next.waitForLine(isWaiting);
  killed.process.kill('SIGKILL');
  expect((await next.ended).code).toBe(0);
  await expect.poll(() => stateOf('killed:1')).toBe('build interrupted');
  const id = await idOf('killed:1');
  expect(await app.call('builds.get', { id })).toMatchObject({ value: { problem: { code: 'build.incomplete' } } });
  expect(await app.call('builds.remove', { id })).toMatchObject({ ok: true });
});

test('a terminal takes over what the node said to the last one a moment ago, but not what it said before, what does not suffice, nor of another version', async () => {
  const file = join(person.home, 'nodes.json');
  const build = (seconds: string) => {
    const options = ['--no-cache', '--platform', 'linux/amd64', '--build-arg', `seconds=${seconds}`];
    return person.mustRun('build', '-t', 'shared:1', '--node', node, ...options, project);
  };
  type Facts = { apiVersion: string; hostname: string; platform: string };
  type Known = { probed?: { atMs: number; facts: Facts }[] };
  const read = async (): Promise<Known> => JSON.parse(await readFile(file, 'utf8'));
  /** Changes what is kept, and tells whether a build leaves that. */
  const isTakenOver = async (
    change: (probed: NonNullable<Known['probed']>[number]) => void,
    seconds = '0',
  ): Promise<boolean> => {
    const known = await read();
    for (const probed of known.probed ?? []) {
      change(probed);
      probed.facts.hostname = 'changed';
    }
    await writeFile(file, JSON.stringify(known));
    await build(seconds);
    const { probed = [] } = await read();
    expect(probed).toHaveLength(1);
    return probed[0]?.facts.hostname === 'changed';
  };
  await build('0');
  expect((await read()).probed).toHaveLength(1);
  expect(await isTakenOver((probed) => Object.assign(probed, { atMs: Date.now() }))).toBe(true);
  expect(await isTakenOver((probed) => Object.assign(probed, { atMs: Date.now() - 61_000 }))).toBe(false);
  expect(await isTakenOver((probed) => Object.assign(probed, { atMs: Date.now() + 60_000 }))).toBe(false);
  expect(await isTakenOver(({ facts }) => Object.assign(facts, { apiVersion: '3.0.0' }))).toBe(false);
  expect(await isTakenOver(({ facts }) => Object.assign(facts, { platform: 'linux/riscv64' }))).toBe(false);
  // it is asked again while it builds
  expect(await isTakenOver((probed) => Object.assign(probed, { atMs: Date.now() - 30_000 }), '5')).toBe(false);
});

test('what a node said during a build that fails is not kept', async () => {
  const file = join(person.home, 'nodes.json');
  await writeFile(file, JSON.stringify({ version: 1, answered: [] }));
  const failing = await makeProject({ Containerfile: `${lab.from}RUN false\n` });
  onTestFinished(() => rm(failing, { recursive: true }));
  const { code } = await person.barnraiser('build', '-t', 'failing:1', '--node', node, failing);
  expect(code).not.toBe(0);
  expect(JSON.parse(await readFile(file, 'utf8')).probed ?? []).toEqual([]);
});

import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type App, createApp } from '../electron/app.ts';
import { type AttachServer, acceptTerminals } from '../electron/attach/server.ts';
import type { AppEvent } from '../shared/contract.ts';
import { makeProject, Person, parseBuild, type Running, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';

/** Terminals that use the running app of their data folder. */

const lab = await setUpLab();
const node = 'amd-b';
let person: Person;
let project: string;
/** The app of a window. */
let app: App;
let terminals: AttachServer;
let events: AppEvent[];
const openedWindows: (string | undefined)[] = [];

beforeAll(async () => {
  person = await Person.create();
  // the app has the keys and the configuration of the person
  vi.stubEnv('SSH_AUTH_SOCK', '');
  vi.stubEnv('BARNRAISER_KNOWN_HOSTS', person.knownHosts);
  vi.stubEnv('BARNRAISER_SSH_CONFIG', 'none');
  await person.addConnections(lab.node(node));
  project = await makeProject({ Containerfile: `${lab.from}ARG mark\nARG seconds\nRUN sleep $seconds; echo $mark\n` });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await person.remove();
  await rm(project, { recursive: true });
});
beforeEach(async () => {
  app = await createApp({
    frontEnd: 'browser',
    home: person.home,
    hasWindow: () => true,
    openWindow: async (folder) => {
      openedWindows.push(folder);
      return { url: 'http://127.0.0.1:1/?token=secret' };
    },
  });
  events = [];
  app.subscribe((event) => events.push(event));
  terminals = (await acceptTerminals(app, { home: person.home, frontEnd: 'browser' })) ?? expect.fail('another app');
});
afterEach(async () => {
  await terminals.close();
  await app.close();
});

/** Starts a build in a terminal that sleeps on the node. */
function startBuild(name: string, seconds: number): Running {
  const args = ['--build-arg', `mark=${name}`, '--build-arg', `seconds=${seconds}`];
  return person.start('build', '--json', '-t', `${name}:1`, '--node', node, '--no-cache', ...args, project);
}

const isSleeping = (line: string): boolean => line.includes('RUN sleep') && line.includes('startedAt');

/** The id of a build in the events of the window. */
function idOf(reference: string): string {
  const started = events.find((event) => event.event === 'build.started' && event.build.reference === reference);
  return started?.event === 'build.started' ? started.build.id : expect.fail(`${reference} has not started here`);
}

test('builds of terminals run in the app, and each terminal shows its own', async () => {
  const running = ['one', 'two'].map((name) => startBuild(name, 2));
  const outcomes = await Promise.all(running.map(({ ended }) => ended));
  for (const [index, name] of ['one', 'two'].entries()) {
    const outcome = outcomes[index] ?? expect.fail('no outcome');
    expect(parseBuild(outcome)).toMatchObject({ id: idOf(`${name}:1`), status: 'done', reference: `${name}:1` });
    expect(outcome.stdout).not.toContain(idOf(name === 'one' ? 'two:1' : 'one:1'));
  }
  // the command did not build by itself
  expect(await app.call('images.inspect', { reference: 'two:1' })).toMatchObject({ ok: true });
});

test('Ctrl+C in a terminal cancels its build only, and the window cancels the other', async () => {
  const [mine, other] = [startBuild('mine', 1111), startBuild('other', 2222)];
  await Promise.all([mine.waitForLine(isSleeping), other.waitForLine(isSleeping)]);
  mine.process.kill('SIGINT');
  expect((await mine.ended).code).toBe(130);
  expect(await app.call('builds.get', { id: idOf('mine:1') })).toMatchObject({ value: { status: 'cancelled' } });
  expect(await app.call('builds.get', { id: idOf('other:1') })).toMatchObject({ value: { status: 'running' } });
  expect(await app.call('builds.cancel', { id: idOf('other:1') })).toMatchObject({ ok: true });
  expect((await other.ended).code).toBe(130);
  expect((await runOnNode(node, 'pgrep -f "^sleep (1111|2222)"')).stdout).toBe('');
});

test('a terminal ends with a problem when the app is closed', async () => {
  const build = startBuild('closed', 3333);
  await build.waitForLine(isSleeping);
  await terminals.close();
  const { code, stderr } = await build.ended;
  expect(code).toBe(1);
  expect(stderr).toContain('app.closed');
});

test('an import in a terminal reads the environment of the terminal', async () => {
  const names = { DOCKER_HOST: 'ssh://me@dock.example.com' };
  const args = ['connection', 'import', 'docker-host', '--from', 'environment'];
  const outcome = await person.startWith(names, ...args).ended;
  expect(outcome.stdout, outcome.stderr).toBe('Added docker-host.\n');
  expect(await app.call('connections.list', {})).toMatchObject({
    value: expect.arrayContaining([{ name: 'docker-host', uri: names.DOCKER_HOST }]),
  });
  await person.mustRun('connection', 'remove', 'docker-host');
});

test('another browser front end opens a window of the running app and ends', async () => {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'electron/browser.ts', '--no-window', '--folder', project],
    { cwd: resolve(import.meta.dirname, '..'), env: { ...process.env, BARNRAISER_HOME: person.home } },
  );
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  expect(await new Promise((ended) => child.once('close', ended))).toBe(0);
  expect(printed).toContain('http://127.0.0.1:1/?token=secret');
  expect(openedWindows).toEqual([project]);
});

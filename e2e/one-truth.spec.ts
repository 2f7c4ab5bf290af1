/** One data folder has one truth: two windows, two terminals and three builds at once, which show and change the same. */
import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { Browser, Locator } from 'playwright';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { buildEntrySchema } from '../shared/build-entry.ts';
import { launchChromium } from './chromium.ts';
import { makeProject, Person, parseBuild, type Running, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';
import { AppWindow } from './pages/app-window.ts';

const lab = await setUpLab();
const nodes = ['amd-a', 'amd-b'] as const;
/** Nodes, and the machine, may be busy. */
const nodeTimeoutMs = 60_000;
/** A part of all waits in this spec, so that the waits of others are not counted. */
const mark = randomInt(100_000, 1_000_000);

let person: Person;
let browser: Browser;
let one: AppWindow;
let two: AppWindow;
/** Waits until it is killed. */
let held: string;
/** Waits for a second. */
let quick: string;

beforeAll(async () => {
  person = await Person.create();
  // in no cache, and with the same steps on every node
  const containerfile = (seconds: number): string =>
    `${lab.from}ENV MARK=${mark}\nRUN sleep ${seconds}.${mark} || true\n`;
  held = await makeProject({ Containerfile: containerfile(9_999) });
  quick = await makeProject({ Containerfile: containerfile(1) });
  browser = await launchChromium();
  one = await AppWindow.open(browser, person);
  two = await AppWindow.open(browser, person);
});
afterAll(async () => {
  await browser?.close();
  // the window that was opened first is of the process that others have joined
  await two?.close();
  await one?.close();
  // of a test that failed
  await Promise.all(nodes.map((node) => runOnNode(node, `pkill -f '^sleep [0-9]+[.]${mark}$'`)));
  await person?.remove();
  await Promise.all([held, quick].map((folder) => rm(folder, { recursive: true, force: true })));
});

/** Waits for the same in both windows. */
async function inBoth(find: (window: AppWindow) => Locator): Promise<void> {
  await Promise.all([one, two].map((window) => find(window).first().waitFor({ timeout: nodeTimeoutMs })));
}

/** Builds in a terminal that works by itself, although the app is running. */
function startAlone(...args: string[]): Running {
  return person.startWith({ BARNRAISER_ATTACH: '0' }, ...args);
}

/** Starts a build in a window, with the form. */
async function startInWindow(window: AppWindow, reference: string, folder: string): Promise<void> {
  await window.open(`#/farm/barn?sheet=new-build&farm=barn&context=${encodeURIComponent(folder)}`);
  await window.newBuild.nameImage(reference);
  await window.newBuild.assignment('linux/amd64').waitFor({ timeout: nodeTimeoutMs });
  await window.newBuild.start.click();
  await window.build.title(reference).waitFor({ timeout: nodeTimeoutMs });
}

/** How many steps of this spec wait on a node. */
async function countOn(node: string): Promise<number> {
  return Number((await runOnNode(node, `pgrep -fc '^sleep [0-9]+[.]${mark}$'`)).stdout);
}

const isSleeping = (line: string): boolean => line.includes('RUN sleep') && line.includes('startedAt');
const isWaiting = (line: string): boolean => line.includes('"wait":{"reason":"slot"');

/** The builds as a process shows them that has just been started. */
async function listBuilds(): Promise<string[]> {
  const { stdout } = await startAlone('builds', '--json').ended;
  const builds = z.array(buildEntrySchema).parse(JSON.parse(stdout));
  return builds.map(({ reference, status }) => `${reference} ${status}`);
}

test('another browser front end opens a window of the first', () => {
  expect(new URL(two.page.url()).origin).toBe(new URL(one.page.url()).origin);
});

test('what a terminal changes is shown in both windows, and what one window changes in the other', async () => {
  await Promise.all([one, two].map((window) => window.open('#/connections')));
  const [used, alone] = nodes.map((name) => lab.node(name));
  // through the app, which asks the terminal and the windows to trust the host key
  await person.addConnections(used ?? expect.fail());
  await inBoth(({ connections }) => connections.entry(nodes[0]));
  const { name, uri, identity } = alone ?? expect.fail();
  const added = await startAlone('connection', 'add', name, uri, '--identity', identity, '--accept-new-host-keys')
    .ended;
  expect(added.code, added.stderr).toBe(0);
  await inBoth(({ connections }) => connections.entry(name));

  await person.mustRun('farm', 'create', 'both', ...nodes, '--default');
  await inBoth((window) => window.link('both'));
  expect((await startAlone('farm', 'update', 'both', '--rename', 'barn').ended).code).toBe(0);
  await inBoth((window) => window.link('barn'));
  for (const window of [one, two]) {
    await window.link('both').waitFor({ state: 'detached' });
    await window.goTo('Settings');
  }
  await one.settings.jobsPerNode.fill('1');
  await one.page.keyboard.press('Tab');
  await expect.poll(() => two.settings.jobsPerNode.inputValue()).toBe('1');
});

test('three builds at once are the same everywhere, and each front end can cancel those of others', async () => {
  const first = person.start('build', '--json', '-t', 'first:1', '--node', nodes[0], held);
  await first.waitForLine(isSleeping);
  const second = startAlone('build', '--json', '-t', 'second:1', '--node', nodes[0], held);
  onTestFinished(() => {
    first.process.kill();
    second.process.kill();
  });
  await second.waitForLine(isWaiting);
  // the load of the first node is known, so the third build is not assigned to it
  await startInWindow(one, 'third:1', held);
  await one.build
    .cell('linux/amd64')
    .filter({ hasText: /RUN sleep/ })
    .waitFor({ timeout: nodeTimeoutMs });
  expect(await one.build.cell('linux/amd64').textContent()).toContain(`on ${nodes[1]}`);

  await Promise.all([one, two].map((window) => window.goTo('Builds')));
  await inBoth((window) => window.link('Builds 3 running'));
  for (const [reference, text] of [
    ['first:1', /step \d of \d/],
    ['second:1', /Waiting/],
    ['third:1', /step \d of \d/],
  ] as const) {
    await inBoth(({ builds }) => builds.row(reference).filter({ hasText: text }));
  }
  expect(await listBuilds()).toEqual(['third:1 running', 'second:1 running', 'first:1 running']);
  expect(await Promise.all(nodes.map(countOn))).toEqual([1, 1]);

  // of the terminal that works by itself
  for (const window of [one, two]) {
    await window.builds.row('second:1').click();
    await window.build.waitForCell('linux/amd64', new RegExp(`Waiting for .*slot.*${nodes[0]}`), nodeTimeoutMs);
    await window.goTo('Builds');
  }

  // of the terminal that uses the app
  await two.builds.row('first:1').click();
  await two.build.cancel.click();
  expect((await first.ended).code).toBe(130);
  await second.waitForLine(isSleeping);
  await two.goTo('Builds');
  await inBoth(({ builds }) => builds.row('first:1').filter({ hasText: 'Cancelled' }));
  await inBoth(({ builds }) => builds.row('second:1').filter({ hasText: /step \d of \d/ }));
  expect(await countOn(nodes[0])).toBe(1);

  // of the other window
  await two.builds.row('third:1').click();
  await two.build.cancel.click();
  await two.build.headline(/^Cancelled after /).waitFor({ timeout: nodeTimeoutMs });
  await inBoth((window) => window.link('Builds 1 running'));
  expect(await countOn(nodes[1])).toBe(0);

  await runOnNode(nodes[0], `pkill -f '^sleep 9999[.]${mark}$'`);
  expect(parseBuild(await second.ended)).toMatchObject({ status: 'done' });
  await two.goTo('Builds');
  for (const [reference, word] of [
    ['first:1', 'Cancelled'],
    ['second:1', 'Done'],
    ['third:1', 'Cancelled'],
  ] as const) {
    await inBoth(({ builds }) => builds.row(reference).filter({ hasText: word }));
  }
  expect(await listBuilds()).toEqual(['third:1 cancelled', 'second:1 done', 'first:1 cancelled']);
  await Promise.all([one, two].map((window) => window.goTo('Images')));
  await inBoth(({ images }) => images.reference('second:1'));
});

test('builds of terminals and windows take turns on a node', async () => {
  await person.mustRun('farm', 'update', 'barn', '--remove', nodes[1]);
  await Promise.all([one, two].map((window) => window.goTo('Builds')));
  const running = [
    person.start('build', '--json', '-t', 'turn-one:1', '--no-cache', quick),
    startAlone('build', '--json', '-t', 'turn-two:1', '--no-cache', quick),
  ];
  const done = two.builds.row('turn-three:1').filter({ hasText: 'Done' });
  const outcomes = startInWindow(one, 'turn-three:1', quick).then(async () => {
    await done.waitFor({ timeout: nodeTimeoutMs });
    return Promise.all(running.map(({ ended }) => ended));
  });
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  outcomes.then(over, over);
  const counts: number[] = [];
  while (!isOver) {
    counts.push(await countOn(nodes[0]));
  }
  expect((await outcomes).map(({ code }) => code)).toEqual([0, 0]);
  expect(Math.max(...counts)).toBe(1);
  await one.goTo('Builds');
  for (const name of ['one', 'two', 'three']) {
    await inBoth(({ builds }) => builds.row(`turn-${name}:1`).filter({ hasText: 'Done' }));
  }
  expect((await listBuilds()).slice(0, 3).sort()).toEqual(['turn-one:1 done', 'turn-three:1 done', 'turn-two:1 done']);
});

test('builds that end at once in a terminal that works by itself are shown, too', async () => {
  const project = await makeProject({ Containerfile: `${lab.from}COPY ../nothing-there /\n` });
  for (const reference of ['broken-one:1', 'broken-two:1', 'broken-three:1']) {
    expect((await startAlone('build', '-t', reference, project).ended).code).toBe(1);
    await inBoth(({ builds }) => builds.row(reference).filter({ hasText: 'Failed' }));
  }
  await rm(project, { recursive: true });
});

test('no window has reported an error', () => {
  expect([one, two].flatMap(({ consoleErrors }) => consoleErrors).join('\n')).toBe('');
});

test('a window works on if its browser drops each request once, as browsers do when a network interface appears', async () => {
  const dropped = new Set<string>();
  await one.page.route('**/call/**', (route) => {
    const key = route.request().headers()['idempotency-key'] ?? expect.fail('no key');
    if (dropped.has(key)) {
      return route.continue();
    }
    dropped.add(key);
    return route.abort('failed');
  });
  await one.page.reload();
  await one.goTo('Builds');
  await one.builds.row('turn-two:1').first().waitFor();
  await one.goTo('Images');
  await one.images.reference('turn-two').first().waitFor();
  expect(dropped.size).toBeGreaterThan(5);
  expect(await one.page.getByText('is not responding').count()).toBe(0);
  await one.page.unroute('**/call/**');
});

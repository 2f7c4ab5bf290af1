/**
 * The window in Chromium: how long it takes to start, how much script the first view needs, how long a large build takes to open,
 * and the longest task of the page while five jobs log. It is compared with limits that we set ourselves.
 */
import { resolve } from 'node:path';
import type { Browser, Page } from 'playwright';
import { startServer } from '../../electron/browser/server.ts';
import { createFixtureApp } from '../../renderer/testing/fixture-app.ts';
import { build, logLines } from '../../renderer/testing/fixture-data.ts';
import type { Build, Job } from '../../shared/build.ts';
import type { Step } from '../../shared/step.ts';
import { ensureBundled } from '../bundle.ts';
import { launchChromium } from '../chromium.ts';
import { Home, openBrowserFrontEnd } from '../pages/browser-front-end.ts';
import { BuildsPage } from '../pages/builds.ts';
import type { Bench } from './bench.ts';
import { traceTasks } from './page-tasks.ts';

const limits = { startSeconds: 1, scriptKilobytes: 700, openSeconds: 0.1, taskMs: 50 };
const platforms = ['linux/amd64', 'linux/arm64', 'linux/s390x', 'linux/ppc64le', 'linux/riscv64'];
const stepsPerJob = 200;
/** Of each job. */
const linesPerSecond = 5_000;
/** The interval at which the app sends log lines. */
const batchMs = 50;
/** How many lines the fixture's logs have. */
const startLines = 1_400;
/** How many lines a step logs before the next one starts. */
const linesPerStep = 2_000;

const page = resolve(import.meta.dirname, '../../out/renderer');

export async function measureWindow(bench: Bench): Promise<void> {
  await ensureBundled();
  const browser = await launchChromium();
  try {
    await bench.repeat(() => measureStart(bench, browser));
    await bench.repeat(() => measureOpening(bench, browser));
    await bench.repeat(() => measureLogging(bench, browser));
  } finally {
    await browser.close();
  }
}

/** From the start of the command to a view that can be used, in a browser that is running already. */
async function measureStart(bench: Bench, browser: Browser): Promise<void> {
  const home = await Home.create();
  await home.addPodmanConnections();
  const context = await browser.newContext();
  const window = await context.newPage();
  await window.addInitScript(watchStart);
  const startedAt = Date.now();
  const frontEnd = await openBrowserFrontEnd(home);
  try {
    await window.goto(frontEnd.url);
    await window.getByRole('main').getByRole('button').first().waitFor();
    // it may be found before the frame is drawn
    await window.waitForFunction('window.usableAt');
    const usableAt: number = await window.evaluate('window.usableAt');
    bench.add('window/start', (usableAt - startedAt) / 1000, limits.startSeconds);
    bench.add('window/script', (await scriptBytes(window)) / 1000, limits.scriptKilobytes);
  } finally {
    await context.close();
    await frontEnd.close();
    await home.remove();
  }
}

/** Runs in the page: the time of the first frame with a button of the view. A locator finds it up to half a second later. */
const watchStart = `(() => {
  const look = () => document.querySelector('main button')?.checkVisibility()
    ? requestAnimationFrame(() => setTimeout(() => { window.usableAt = Date.now(); }))
    : requestAnimationFrame(look);
  look();
})()`;

/** The scripts that the page has loaded, before compression. */
function scriptBytes(window: Page): Promise<number> {
  return window.evaluate(
    `performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.js'))
      .reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)`,
  );
}

/** From the click on a build of the history to the frame that shows its steps. */
async function measureOpening(bench: Bench, browser: Browser): Promise<void> {
  const large = largeBuild('done', stepsPerJob);
  await withFixture(browser, large, '#/builds', async (window) => {
    const row = new BuildsPage(window).row('large:1.0');
    await row.waitFor();
    await window.evaluate(watchOpening);
    await row.click();
    await window.locator('[data-bar]').first().waitFor();
    const ms: number = await window.evaluate('window.opened');
    bench.add('window/open-build', ms / 1000, limits.openSeconds);
  });
}

/** Runs in the page: the time from the next press of a button until a frame with the steps has been drawn. */
const watchOpening = `(() => {
  window.opened = new Promise((resolve) => {
    addEventListener('pointerdown', ({ timeStamp }) => {
      const look = () => document.querySelector('[data-bar]')
        ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - timeStamp)))
        : requestAnimationFrame(look);
      look();
    }, { capture: true, once: true });
  });
})()`;

/** The longest task of the page while all jobs of a build log, and the log of one of them is open. */
async function measureLogging(bench: Bench, browser: Browser): Promise<void> {
  const running = largeBuild('running', stepsPerJob / 2);
  const [first = ''] = platforms;
  const hash = `#/build/${running.id}?log=${running.id}&log-platform=${encodeURIComponent(first)}`;
  await withFixture(browser, running, hash, async (window, emit) => {
    await window.locator('[role="log"] [data-line]').first().waitFor();
    const stop = logLive(running, emit);
    try {
      // the log opens, and fonts are loaded
      await window.waitForTimeout(1_000);
      const session = await window.context().newCDPSession(window);
      const { longest } = await traceTasks(session, limits.taskMs, () =>
        window.waitForTimeout(bench.isSmall ? 500 : 5_000),
      );
      bench.add('window/longest-task', longest, limits.taskMs);
    } finally {
      stop();
    }
  });
}

type Emit = ReturnType<typeof createFixtureApp>['emit'];

/** Opens a page of the fixture app with one more build. */
async function withFixture(
  browser: Browser,
  added: Build,
  hash: string,
  act: (window: Page, emit: Emit) => Promise<void>,
): Promise<void> {
  const app = createFixtureApp('done');
  app.emit({ event: 'build.finished', build: added });
  const server = await startServer({ ...app, call: (name, input) => app.call(name, Object(input)) }, page);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const window = await context.newPage();
    await window.goto(server.createEntryUrl(hash));
    await act(window, app.emit);
  } finally {
    await context.close();
    await server.close();
  }
}

function largeBuild(status: 'done' | 'running', steps: number): Build {
  const template = build({
    id: '20260301-101500-large',
    reference: 'registry.example.com/team/large:1.0',
    status,
    startedAgo: 600,
    jobs: platforms.map((platform) => ({
      ...{ platform, node: 'big-amd', steps: 10, startedAgo: 590 },
      status: status === 'done' ? 'done' : 'building',
    })),
  });
  return { ...template, jobs: template.jobs.map((job) => ({ ...job, steps: stepsOf(steps) })) };
}

function stepsOf(count: number): Step[] {
  return Array.from({ length: count }, (_, index) => stepAt(index, Date.now() - 580_000 + index * 2_500, 2_400));
}

function stepAt(index: number, startedMs: number, durationMs?: number): Step {
  return {
    ...{ id: `0:${index}`, index: index + 1, total: stepsPerJob, name: `RUN make part-${index}`, cached: false },
    ...{ startedAt: new Date(startedMs).toISOString(), firstLine: index * linesPerStep },
    ...(durationMs === undefined ? {} : { durationMs }),
  };
}

/** Emits lines and steps of all jobs as the app does. @returns a function that stops it */
function logLive({ id, jobs }: Build, emit: Emit): () => void {
  const startedAt = performance.now();
  const lines = new Map<Job, number>(jobs.map((job) => [job, startLines]));
  const timer = setInterval(() => {
    const due = startLines + Math.floor(((performance.now() - startedAt) / 1000) * linesPerSecond);
    for (const job of jobs) {
      const from = lines.get(job) ?? 0;
      lines.set(job, due);
      const { platform, node } = job;
      for (let step = Math.ceil(from / linesPerStep); step * linesPerStep < due; step += 1) {
        const ended = stepAt(step - 1, Date.now() - 400, 400);
        emit({ event: 'step.changed', buildId: id, platform, step: ended });
        emit({ event: 'step.changed', buildId: id, platform, step: stepAt(step, Date.now()) });
      }
      const { steps: _, ...state } = job;
      emit({ event: 'job.changed', buildId: id, job: state });
      emit({ event: 'job.log', buildId: id, platform, node, from, ...logLines(job, from, due - from) });
    }
  }, batchMs);
  return () => clearInterval(timer);
}

/**
 * Measures scrolling in a log of a million lines while five jobs write 5,000 lines per second each: frames, tasks and memory of the page in
 * Chromium. `npx tsx e2e/bench/log-scroll.ts` prints one line per action, and exits with 1 if a limit is exceeded.
 *
 * Frames are also late if other processes use the processors. So the limit applies to the processor time of the longest task of
 * the page's main thread, from Chromium's tracing. The frames are printed as well.
 */
import { readFile, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright';
import { build } from 'vite';
import { startServer } from '../../electron/browser/server.ts';
import type { AppApi } from '../../electron/page/app-api.ts';
import { rendererConfig } from '../../electron.vite.config.ts';
import { createFixtureApp } from '../../renderer/testing/fixture-app.ts';
import { hugeBuild, logLine, platform } from '../../renderer/testing/fixture-data.ts';
import { launchChromium } from '../chromium.ts';
import { traceTasks, type Work } from './page-tasks.ts';

const limits = { frameMs: 50, memoryMb: 300 };
const firstLines = 1_000_000;
/** Of each job. */
const linesPerSecond = 5_000;
/** The interval at which the app sends log lines. */
const batchMs = 50;

const id = '20260301-101500-huge';
const seed = 'linux/amd64';
/** The other jobs that write, whose logs are not shown. */
const otherPlatforms = hugeBuild()
  .jobs.map((job) => job.platform)
  .filter((name) => name !== seed)
  .slice(0, 4);

/** An app with one log of a million lines, which grows between `start` and `stop`. */
function growingLog(): AppApi & { readonly total: number; start(): void; stop(): void } {
  const app = createFixtureApp('huge');
  let total = firstLines;
  let timer: NodeJS.Timeout | undefined;
  let startedAt = 0;
  let emitted = 0;
  let emittedSteps = 0;
  function emitLines(): void {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * linesPerSecond) - emitted;
    const from = total;
    const lines = Array.from({ length: due }, (_, index) => lineAt(from + index));
    emitted += due;
    total += due;
    emitSteps();
    for (const name of [platform(seed), ...otherPlatforms]) {
      app.emit({ event: 'job.log', buildId: id, platform: name, node: 'rack1-node1', from, lines });
    }
  }
  function emitSteps(): void {
    for (; emittedSteps * stepLines < total; emittedSteps += 1) {
      const step = {
        id: `0:${emittedSteps}`,
        index: emittedSteps + 1,
        total: 999,
        name: `RUN make part-${emittedSteps}`,
      };
      const times = { startedAt: new Date().toISOString(), durationMs: 1000, firstLine: emittedSteps * stepLines };
      const change = { ...step, ...times, cached: false };
      app.emit({ event: 'step.changed', buildId: id, platform: platform(seed), step: change });
    }
  }
  return {
    get total() {
      return total;
    },
    call: async (name, input) => {
      if (name === 'builds.log' && isRange(input)) {
        emitSteps();
        const count = Math.max(0, Math.min(input.count, total - input.from));
        return {
          ok: true,
          value: { lines: Array.from({ length: count }, (_, index) => lineAt(input.from + index)), total },
        };
      }
      // the fixture's search is too slow for a million lines
      return name === 'builds.search' ? { ok: true, value: { lines: [], more: false } } : app.call(name, Object(input));
    },
    subscribe: app.subscribe,
    start: () => {
      startedAt = performance.now();
      emitted = 0;
      timer = setInterval(emitLines, batchMs);
    },
    stop: () => clearInterval(timer),
  };
}

/** The lines of a step, as a real build has them. */
const stepLines = 10_000;

function lineAt(index: number): string {
  const step = index / stepLines;
  return Number.isInteger(step)
    ? `STEP ${step + 1}/999: RUN make part-${step}`
    : logLine({ platform: platform(seed), steps: [] }, index);
}

function isRange(input: unknown): input is { from: number; count: number } {
  return typeof input === 'object' && input !== null && 'from' in input && 'count' in input;
}

interface Frames {
  readonly count: number;
  readonly longest: number;
  /** The durations of frames over the limit, in milliseconds. */
  readonly long: number[];
}

/** Runs in the page: records the durations of frames until {@link readFrames}. */
const watchFrames = `(() => {
  const frames = { last: 0, all: [] };
  window.recordedFrames = frames;
  const next = (now) => {
    if (frames.last > 0) frames.all.push(now - frames.last);
    frames.last = now;
    frames.request = requestAnimationFrame(next);
  };
  frames.request = requestAnimationFrame(next);
})()`;
const readFrames = `(() => {
  const frames = window.recordedFrames;
  cancelAnimationFrame(frames.request);
  return {
    count: frames.all.length,
    longest: Math.round(Math.max(0, ...frames.all)),
    long: frames.all.filter((ms) => ms > ${limits.frameMs} + 1).map(Math.round),
  };
})()`;

interface Measurement {
  readonly frames: Frames;
  readonly work: Work;
}

async function measure(page: Page, title: string, act: () => Promise<void>): Promise<Measurement> {
  const session = await page.context().newCDPSession(page);
  await page.evaluate(watchFrames);
  const started = performance.now();
  const work = await traceTasks(session, limits.frameMs, act);
  const seconds = (performance.now() - started) / 1000;
  const frames: Frames = await page.evaluate(readFrames);
  await session.detach();
  console.log(
    `${title.padEnd(42)} tasks: longest ${work.longest.toFixed(0)} ms, ${work.over} over ${limits.frameMs} ms, ` +
      `${(work.share * 100).toFixed(0)} % of the time. Frames: ${(frames.count / seconds).toFixed(0)} per second, ` +
      `longest ${frames.longest} ms, ${frames.long.length} of ${frames.count} over ${limits.frameMs} ms` +
      `${frames.long.length > 0 ? ` (${frames.long.slice(0, 12).join(', ')})` : ''}`,
  );
  return { frames, work };
}

/** The memory of the page's process: private memory, and the JavaScript heap, in MB. */
async function measureMemory(browser: Browser, page: Page): Promise<{ privateMb: number; heapMb: number }> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const privateSizes = await Promise.all(
    processInfo
      .filter(({ type }) => type === 'renderer')
      .map(async (process) => {
        const rollup = await readFile(`/proc/${process.id}/smaps_rollup`, 'utf8').catch(() => '');
        const parts = [...rollup.matchAll(/^Private_\w+:\s+(\d+) kB/gm)].map(([, kilobytes]) => Number(kilobytes));
        return parts.reduce((sum, part) => sum + part, 0) / 1024;
      }),
  );
  await session.detach();
  const heapBytes: number = await page.evaluate('performance.memory.usedJSHeapSize');
  return { privateMb: Math.max(...privateSizes), heapMb: heapBytes / 1024 / 1024 };
}

async function pause(page: Page, ms: number): Promise<void> {
  await page.evaluate(`new Promise((resolve) => setTimeout(resolve, ${ms}))`);
}

/** Resolves with whether all limits were kept. */
export async function measureLogScroll(): Promise<boolean> {
  const folder = join(tmpdir(), `barnraiser-log-scroll-${process.pid}`);
  await build({
    ...rendererConfig,
    configFile: false,
    logLevel: 'warn',
    build: { ...rendererConfig.build, outDir: folder, reportCompressedSize: false },
  });
  const app = growingLog();
  const server = await startServer(app, folder);
  const browser = await launchChromium(['--enable-precise-memory-info']);
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(server.createEntryUrl(`#/log/${id}/${encodeURIComponent(seed)}`));
    const log = page.locator('[role="log"]');
    await log.waitFor();
    await log.locator(`[data-line="${app.total - 1}"]`).waitFor();
    await pause(page, 1_000);
    const measurements: Measurement[] = [];
    const scroll = async (seconds: number, pixels: number): Promise<void> => {
      await log.hover();
      for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
        await page.mouse.wheel(0, pixels);
        await pause(page, 16);
      }
    };
    const dragScrollbar = async (): Promise<void> => {
      for (let step = 0; step < 40; step += 1) {
        await log.evaluate(
          (element, share) => {
            element.scrollTop = share * element.scrollHeight;
          },
          ((step * 37) % 100) / 100,
        );
        await pause(page, 60);
      }
    };

    measurements.push(await measure(page, '1,000,000 lines, scrolling with the wheel', () => scroll(4, -240)));
    measurements.push(await measure(page, '1,000,000 lines, dragging the scrollbar', dragScrollbar));
    await log.press('End');
    app.start();
    measurements.push(await measure(page, '5,000 lines/s, following', () => pause(page, 8_000)));
    await log
      .locator(`[data-line="${app.total - 1}"]`)
      .waitFor({ timeout: 2_000 })
      .catch(() => undefined);
    measurements.push(await measure(page, '5,000 lines/s, scrolling with the wheel', () => scroll(4, -240)));
    measurements.push(await measure(page, '5,000 lines/s, dragging the scrollbar', dragScrollbar));
    await log.press('End');
    measurements.push(await measure(page, '5,000 lines/s, following again', () => pause(page, 4_000)));
    app.stop();
    const { privateMb, heapMb } = await measureMemory(browser, page);
    const longestTask = Math.max(...measurements.map(({ work }) => work.longest));
    const longestFrame = Math.max(...measurements.map(({ frames }) => frames.longest));
    const load = loadavg()[0] ?? 0;
    console.log(
      `longest task ${longestTask.toFixed(0)} ms: ${(longestTask / limits.frameMs).toFixed(2)} of the limit of ${limits.frameMs} ms`,
    );
    console.log(
      `longest frame ${longestFrame} ms, with a load of ${load.toFixed(1)} on ${availableParallelism()} processors`,
    );
    console.log(
      `private memory ${privateMb.toFixed(0)} MB, including ${heapMb.toFixed(0)} MB heap: ` +
        `${(privateMb / limits.memoryMb).toFixed(2)} of the limit of ${limits.memoryMb} MB`,
    );
    console.log(`lines at the end: ${app.total}`);
    return longestTask <= limits.frameMs && privateMb <= limits.memoryMb;
  } finally {
    app.stop();
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = (await measureLogScroll()) ? 0 : 1;
}

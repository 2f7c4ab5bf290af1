/** A page that shows scenes, one after another, the same in each run: its clock stands still, and it is waited for. */
import { rm } from 'node:fs/promises';
import type { Browser, Page, Request } from 'playwright';
import { type BrowserServer, startServer } from '../../electron/browser/server.ts';
import { createFixtureApp, type FixtureApp } from '../../renderer/testing/fixture-app.ts';
import { stopFixtureClock } from '../../renderer/testing/fixture-clock.ts';
import { lostNode, questions } from '../../renderer/testing/fixture-questions.ts';
import { countTimers, pendingTimers, stopClock } from './in-page.ts';
import type { AccessibilityScene } from './scenes.ts';
import { act, buildPage, hashOf, waitForView } from './stage.ts';

/** Texts such as `2 min ago` start from here. */
const now = new Date('2026-07-14T12:00:00Z');

export const windowSize = { width: 1280, height: 800 };

/** Long, since the machine may be busy. */
const settleTimeoutMs = 30_000;

export class ScenePage {
  readonly page: Page;
  readonly #folder: string;
  readonly #server: BrowserServer;
  readonly #shown: { app: FixtureApp };
  /** Calls and files that the page waits for. */
  readonly #requests = new Set<Request>();

  private constructor(page: Page, folder: string, server: BrowserServer, shown: { app: FixtureApp }) {
    this.page = page;
    this.#folder = folder;
    this.#server = server;
    this.#shown = shown;
    page.setDefaultTimeout(20_000);
    page.on('request', (request) => {
      // these last until something happens
      if (!/\/(events|call\/connections\.check)$/.test(request.url())) {
        this.#requests.add(request);
      }
    });
    page.on('requestfinished', (request) => this.#requests.delete(request));
    page.on('requestfailed', (request) => this.#requests.delete(request));
  }

  static async create(browser: Browser): Promise<ScenePage> {
    stopFixtureClock(now);
    const folder = await buildPage();
    const shown = { app: createFixtureApp('empty') };
    // one server has all scenes, so that the browser loads the code of the page once
    const server = await startServer(
      {
        // the page of the scene before may still write what it remembers; nothing reads it again
        call: async (name, input) =>
          name === 'memory.set' ? { ok: true, value: {} } : shown.app.call(name, input as never),
        subscribe: (listener) => shown.app.subscribe(listener),
      },
      folder,
    );
    const page = await browser.newPage({
      viewport: windowSize,
      reducedMotion: 'reduce',
      colorScheme: 'light',
      locale: 'en-US',
      timezoneId: 'UTC',
    });
    await page.addInitScript(`${stopClock(now)}; ${countTimers}`);
    return new ScenePage(page, folder, server, shown);
  }

  async open({ view, state = 'busy', scene, do: steps = [], ask, lost }: AccessibilityScene): Promise<void> {
    const app = createFixtureApp(state, scene);
    this.#shown.app = app;
    if (ask !== undefined) {
      app.emit({ event: 'question.asked', question: questions[ask] });
    }
    if (lost !== undefined) {
      app.emit({ event: 'node.changed', status: lostNode(lost, 8, 3) });
    }
    await this.page.emulateMedia({ forcedColors: 'none', contrast: 'no-preference' });
    await this.page.setViewportSize(windowSize);
    await this.page.goto(this.#server.createEntryUrl(hashOf(view, state)));
    await waitForView(this.page);
    await this.settle();
    for (const step of steps) {
      await act(this.page, step);
      await this.settle();
    }
  }

  /** What a screen reader says of the window. */
  async spoken(): Promise<string> {
    return `${await this.page.locator('body').ariaSnapshot()}\n`;
  }

  /** Waits until nothing is loaded, no timer is about to change something, and what is said stays the same. */
  async settle(): Promise<void> {
    let before = '';
    const started = performance.now();
    for (let same = 0; same < 2; ) {
      await this.page.evaluate(
        'new Promise((resolve) => requestAnimationFrame(() => requestIdleCallback(resolve, { timeout: 500 })))',
      );
      const isBusy = this.#requests.size > 0 || (await this.page.evaluate<number>(pendingTimers)) > 0;
      const spoken = await this.spoken();
      same = spoken === before && !isBusy ? same + 1 : 0;
      before = spoken;
      if (performance.now() - started > settleTimeoutMs) {
        const requests = [...this.#requests].map((request) => request.url());
        throw new Error(`The page does not come to rest. It waits for ${requests.join(', ') || 'timers, or changes'}.`);
      }
    }
  }

  async close(): Promise<void> {
    await this.page.close();
    await this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The app in a headless Chromium, for screenshots. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright';
import { type App, createApp } from '../electron/app.ts';
import { startServer } from '../electron/browser/server.ts';
import { ensureBundled } from './bundle.ts';
import { launchChromium } from './chromium.ts';

export type Theme = 'light' | 'dark';

/** The app of a data folder, with the page of the browser front end in a headless Chromium. */
export class HeadlessApp {
  readonly app: App;
  readonly page: Page;
  readonly #folder: string;
  readonly #close: () => Promise<void>;

  private constructor(app: App, page: Page, folder: string, close: () => Promise<void>) {
    this.app = app;
    this.page = page;
    this.#folder = folder;
    this.#close = close;
  }

  /**
   * @param home the data folder
   * @param folder the folder for the screenshots
   * @param size of the page, in CSS pixels; screenshots have twice as many
   */
  static async open(home: string, folder: string, size = { width: 1280, height: 800 }): Promise<HeadlessApp> {
    await ensureBundled();
    await mkdir(folder, { recursive: true });
    const app = await createApp({ frontEnd: 'browser', home });
    const server = await startServer(app, resolve(import.meta.dirname, '..', 'out', 'renderer'));
    const browser = await launchChromium();
    const page = await browser.newPage({ viewport: size, deviceScaleFactor: 2 });
    await page.goto(server.url);
    // the address leads on to the page
    await page.getByRole('main').waitFor();
    return new HeadlessApp(app, page, folder, async () => {
      await browser.close();
      await server.close();
      await app.close();
    });
  }

  /** Opens a route by its hash, such as `#/images`. */
  async goTo(hash: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  }

  /** Saves a screenshot of the page and resolves with its path. */
  async takeScreenshot(name: string, theme: Theme): Promise<string> {
    await this.page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    const path = join(this.#folder, `${name}-${theme}.png`);
    await this.page.screenshot({ path, animations: 'disabled' });
    return path;
  }

  close(): Promise<void> {
    return this.#close();
  }
}

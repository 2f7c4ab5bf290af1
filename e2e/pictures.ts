/** Pictures of the real app: the browser door over a data folder, looked at with a real browser engine. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { chromium, type Page } from 'playwright';
import { type App, createApp } from '../electron/app.ts';
import { startServer } from '../electron/browser/server.ts';
import { ensureBrowser } from './browser-engine.ts';
import { ensureBuilt } from './built.ts';
import { chromiumFlags } from './chromium-flags.ts';

export type Theme = 'light' | 'dark';

/** The app with a window on it that nobody sees. */
export class Studio {
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

  /** @param home the data folder. @param folder where pictures go. */
  static async open(home: string, folder: string, size = { width: 1280, height: 800 }): Promise<Studio> {
    await ensureBuilt();
    await mkdir(folder, { recursive: true });
    const app = await createApp({ frontEnd: 'browser', home });
    const server = await startServer(app, resolve(import.meta.dirname, '..', 'out', 'renderer'));
    const browser = await chromium.launch({ executablePath: await ensureBrowser(), args: chromiumFlags });
    const page = await browser.newPage({ viewport: size, deviceScaleFactor: 2 });
    await page.goto(server.url);
    return new Studio(app, page, folder, async () => {
      await browser.close();
      await server.close();
      await app.close();
    });
  }

  /** Shows a place of the app, named by its hash as in `#/images`. */
  async show(hash: string): Promise<void> {
    await this.page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  }

  /** Saves what is shown now and resolves with the file. */
  async take(name: string, theme: Theme): Promise<string> {
    await this.page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    const path = join(this.#folder, `${name}-${theme}.png`);
    await this.page.screenshot({ path, animations: 'disabled' });
    return path;
  }

  close(): Promise<void> {
    return this.#close();
  }
}

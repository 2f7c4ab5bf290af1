/** Barnraiser's window in a real browser: one page object a view, and what is true of all views. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright';
import { ensureBrowser } from '../browser-engine.ts';
import { chromiumFlags } from '../chromium-flags.ts';
import { BuildPage } from './build.ts';
import { BuildsPage } from './builds.ts';
import { ConnectionsPage } from './connections.ts';
import { FarmPage } from './farm.ts';
import { FirstStartPage } from './first-start.ts';
import { FolderDialog } from './folder-dialog.ts';
import { type Door, type Home, openDoor } from './front-end.ts';

import { ImagesPage } from './images.ts';
import { LogPanel } from './log.ts';
import { NewBuildSheet } from './new-build.ts';
import { Palette } from './palette.ts';
import { PushSheet } from './push.ts';
import { Questions } from './questions.ts';
import { SettingsPage } from './settings.ts';

/** How long anything on the screen may take that no node has to do something for, in milliseconds. */
const screenMs = 15_000;

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await ensureBrowser(), args: chromiumFlags });
}

export class Face {
  readonly page: Page;
  readonly firstStart: FirstStartPage;
  readonly questions: Questions;
  readonly farm: FarmPage;
  readonly folders: FolderDialog;
  readonly newBuild: NewBuildSheet;
  readonly build: BuildPage;
  readonly log: LogPanel;
  readonly push: PushSheet;
  readonly builds: BuildsPage;
  readonly images: ImagesPage;
  readonly connections: ConnectionsPage;
  readonly settings: SettingsPage;
  readonly palette: Palette;
  /** What the page wrote to its console as an error, and errors that nobody caught. */
  readonly complaints: string[] = [];
  /** What was looked at with axe-core, and what it says is wrong, a line each. */
  readonly seen: string[] = [];
  readonly findings: string[] = [];
  readonly #door: Door;
  readonly #context: BrowserContext;

  private constructor(door: Door, context: BrowserContext, page: Page) {
    this.#door = door;
    this.#context = context;
    this.page = page;
    this.firstStart = new FirstStartPage(page);
    this.questions = new Questions(page);
    this.farm = new FarmPage(page);
    this.folders = new FolderDialog(page);
    this.newBuild = new NewBuildSheet(page);
    this.build = new BuildPage(page);
    this.log = new LogPanel(page);
    this.push = new PushSheet(page);
    this.builds = new BuildsPage(page);
    this.images = new ImagesPage(page);
    this.connections = new ConnectionsPage(page);
    this.settings = new SettingsPage(page);
    this.palette = new Palette(page);
    page.on('console', (message) => {
      if (message.type() === 'error') {
        this.complaints.push(message.text());
      }
    });
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? error.message));
  }

  /** Starts the door in a home and goes in. */
  static async open(browser: Browser, home: Home): Promise<Face> {
    const door = await openDoor(home);
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
    context.setDefaultTimeout(screenMs);
    const face = new Face(door, context, await context.newPage());
    await face.page.goto(door.url);
    await face.main.waitFor();
    return face;
  }

  get main(): Locator {
    return this.page.locator('main');
  }

  /** Goes to a view by the sidebar. */
  async goTo(name: string): Promise<void> {
    await this.page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click();
  }

  /** Opens a place by its hash, as a bookmark does. */
  async open(hash: string): Promise<void> {
    await this.page.goto(new URL(hash, this.page.url()).href);
  }

  /** Presses Tab until something has the focus: what cannot be reached so fails. */
  async tabTo(target: Locator): Promise<void> {
    await target.first().waitFor();
    for (let presses = 0; presses < 120; presses += 1) {
      if (await target.first().evaluate((element) => element.matches(':focus'))) {
        return;
      }
      await this.page.keyboard.press('Tab');
    }
    throw new Error(`The Tab key does not lead to ${String(target)}.`);
  }

  /** Runs axe-core on what is on the screen, in both themes, and keeps what it finds in {@link findings}. */
  async look(what: string): Promise<void> {
    // a debugger's evaluation is not bound by the page's policy, which lets no script in but its own
    await this.page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    for (const colorScheme of ['light', 'dark'] as const) {
      await this.page.emulateMedia({ colorScheme });
      const found = await this.page.evaluate<string[]>(runAxe);
      this.findings.push(...found.map((line) => `${what}, ${colorScheme}: ${line}`));
    }
    await this.page.emulateMedia({ colorScheme: 'light' });
    this.seen.push(what);
  }

  async close(): Promise<void> {
    await this.#context.close();
    await this.#door.close();
  }
}

/** In the page, which has no types here. Colours are looked at when the change of theme has been drawn. */
const runAxe = `new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))
  .then(() => axe.run())
  .then(({ violations }) => violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => id + ': ' + help + ' at ' + node.target.join(' ') + ': ' + node.failureSummary)))`;

/** The window of the browser front end in a real browser: a page object for each view, and what all views share. */
import type { Browser, BrowserContext, Locator, Page } from 'playwright';
import { findViolations } from '../axe.ts';
import { type BrowserFrontEnd, type Home, openBrowserFrontEnd } from './browser-front-end.ts';
import { BuildPage } from './build.ts';
import { BuildsPage } from './builds.ts';
import { ConnectionsPage } from './connections.ts';
import { FarmPage } from './farm.ts';
import { FirstStartPage } from './first-start.ts';
import { FolderDialog } from './folder-dialog.ts';
import { ImagesPage } from './images.ts';
import { LogPanel } from './log.ts';
import { NewBuildSheet } from './new-build.ts';
import { Palette } from './palette.ts';
import { PushSheet } from './push.ts';
import { Questions } from './questions.ts';
import { ListSheet, RegistriesPage } from './registries.ts';
import { SettingsPage } from './settings.ts';

/** For changes in the window that do not wait for a node. */
const pageTimeoutMs = 15_000;

/** Chromium has dropped a request since a network interface came or went, as docker's do. The page sends it again. */
const droppedRequest = 'net::ERR_NETWORK_CHANGED';

export class AppWindow {
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
  readonly registries: RegistriesPage;
  readonly manifestList: ListSheet;
  readonly settings: SettingsPage;
  readonly palette: Palette;
  /** Errors in the console of the page, and uncaught errors. */
  readonly consoleErrors: string[] = [];
  /** The views that axe-core has checked. */
  readonly checkedViews: string[] = [];
  /** What axe-core has found, one violation per element. */
  readonly violations: string[] = [];
  readonly #frontEnd: BrowserFrontEnd;
  readonly #context: BrowserContext;

  private constructor(frontEnd: BrowserFrontEnd, context: BrowserContext, page: Page) {
    this.#frontEnd = frontEnd;
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
    this.registries = new RegistriesPage(page);
    this.manifestList = new ListSheet(page);
    this.settings = new SettingsPage(page);
    this.palette = new Palette(page);
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes(droppedRequest)) {
        this.consoleErrors.push(message.text());
      }
    });
    page.on('pageerror', (error) => this.consoleErrors.push(error.stack ?? error.message));
  }

  /** Starts the browser front end for a user and opens its window, or another window of the one that is running. */
  static async open(browser: Browser, user: Pick<Home, 'env'>): Promise<AppWindow> {
    const frontEnd = await openBrowserFrontEnd(user);
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
    context.setDefaultTimeout(pageTimeoutMs);
    const window = new AppWindow(frontEnd, context, await context.newPage());
    await window.page.goto(frontEnd.url);
    await window.main.waitFor();
    return window;
  }

  get main(): Locator {
    return this.page.locator('main');
  }

  /** A link in the sidebar, by the beginning of its name. */
  link(name: string): Locator {
    return this.page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: new RegExp(`^${name}\\b`) });
  }

  /** Opens a view through its link in the sidebar. */
  async goTo(name: string): Promise<void> {
    await this.link(name).click();
  }

  /** Opens a route by its hash, such as `#/images`. */
  async open(hash: string): Promise<void> {
    await this.page.goto(new URL(hash, this.page.url()).href);
  }

  /** Presses Tab until the target has the focus. @throws Error if the keyboard does not reach it */
  async tabTo(target: Locator): Promise<void> {
    await target.first().waitFor();
    for (let presses = 0; presses < 120; presses += 1) {
      if (await target.first().evaluate((element) => element.matches(':focus'))) {
        return;
      }
      await this.page.keyboard.press('Tab');
    }
    throw new Error(`The Tab key does not reach ${String(target)}.`);
  }

  /** Runs axe-core on the current view in both themes and adds its results to {@link violations}. */
  async checkAccessibility(view: string): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const) {
      await this.page.emulateMedia({ colorScheme });
      const violations = await findViolations(this.page);
      this.violations.push(...violations.map((violation) => `${view}, ${colorScheme}: ${violation}`));
    }
    await this.page.emulateMedia({ colorScheme: 'light' });
    this.checkedViews.push(view);
  }

  async close(): Promise<void> {
    await this.#context.close();
    await this.#frontEnd.close();
  }
}

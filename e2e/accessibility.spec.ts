/**
 * Every view and dialog as people meet it who hear the window, enlarge it, use the colours of their system or do without motion. What a
 * screen reader says is in `screens/spoken/`, to be read: `npm run test:accessibility -- -u` writes it again.
 * Without the variable of that command, only the main views are checked.
 */
import { rm } from 'node:fs/promises';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BrowserServer, startServer } from '../electron/browser/server.ts';
import { createFixtureApp } from '../renderer/testing/fixture-app.ts';
import { questions } from '../renderer/testing/fixture-questions.ts';
import { findViolations } from './axe.ts';
import { launchChromium } from './chromium.ts';
import { findAnimations, findCutOff, findInvisibleFocus } from './screens/in-page.ts';
import { type AccessibilityScene, mainScenes, scenes } from './screens/scenes.ts';
import { act, buildPage, hashOf, waitForView } from './screens/stage.ts';

const large = { width: 1280, height: 800 };
/** A window of that size at 200 %. */
const zoomed = { width: 640, height: 400 };

let folder: string;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  [folder, browser] = await Promise.all([buildPage(), launchChromium()]);
  page = await browser.newPage({
    viewport: large,
    reducedMotion: 'reduce',
    colorScheme: 'light',
    locale: 'en-US',
    timezoneId: 'UTC',
  });
  page.setDefaultTimeout(20_000);
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Opens a view in the page, whose clock stands still: texts such as `2 min ago` are the same in each run. */
async function open({ view, state = 'busy', do: steps = [], ask }: AccessibilityScene): Promise<BrowserServer> {
  const app = createFixtureApp(state);
  if (ask !== undefined) {
    app.emit({ event: 'question.asked', question: questions[ask] });
  }
  const server = await startServer(app, folder);
  await page.emulateMedia({ forcedColors: 'none', contrast: 'no-preference' });
  await page.setViewportSize(large);
  await page.clock.setFixedTime(new Date());
  await page.goto(server.createEntryUrl(hashOf(view, state)));
  await waitForView(page);
  for (const step of steps) {
    await act(page, step);
  }
  await settle();
  return server;
}

/** Waits until what is said stays the same: parts of a view are loaded one after another. */
async function settle(): Promise<void> {
  let before = '';
  for (let same = 0; same < 3; ) {
    const spoken = await page.locator('body').ariaSnapshot();
    same = spoken === before ? same + 1 : 0;
    before = spoken;
    await page.evaluate('new Promise((resolve) => setTimeout(resolve, 30))');
  }
}

/** Dates and times of day depend on the moment of the run. */
function withoutTimes(spoken: string): string {
  const months = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec';
  return `${spoken
    .replaceAll(new RegExp(`\\b(${months})[a-z]* \\d{1,2}(, \\d{4})?`, 'g'), 'DATE')
    .replaceAll(/\b\d{4}-\d{2}-\d{2}\b/g, 'DATE')
    .replaceAll(/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\b/g, 'DAY')
    .replaceAll(/\b(at|about|until) \d{2}:\d{2}\b/g, '$1 TIME')
    .replaceAll(/\b\d{1,2}:\d{2}(:\d{2})?( |\u202f)?[AP]M\b/g, 'TIME')}\n`;
}

const isAll = process.env.BARNRAISER_TEST_ACCESSIBILITY === 'all';

describe.each(scenes.filter(({ name }) => isAll || mainScenes.has(name)))('$name', (scene) => {
  let server: BrowserServer;
  beforeAll(async () => {
    server = await open(scene);
  });
  afterAll(() => server?.close());

  test('is said in order, has no violations, and stands still', async () => {
    await expect(withoutTimes(await page.locator('body').ariaSnapshot())).toMatchFileSnapshot(
      `screens/spoken/${scene.name}.yml`,
    );
    expect(await page.evaluate(findAnimations)).toEqual([]);
    expect(await findViolations(page)).toEqual([]);
  });

  test('has a visible focus in the colors of the system, and all of it can be reached at 200 %', async () => {
    await page.emulateMedia({ forcedColors: 'active', contrast: 'more' });
    await page.keyboard.press('Shift');
    expect(await page.evaluate(findInvisibleFocus)).toEqual([]);
    await page.setViewportSize(zoomed);
    await page.evaluate('new Promise((resolve) => setTimeout(resolve, 50))');
    expect(await page.evaluate(findCutOff)).toEqual([]);
  });
});

/**
 * Every view and dialog as people meet it who hear the window, enlarge it, use the colours of their system or do without motion. What a
 * screen reader says is in `screens/spoken/`, to be read: `npm run test:accessibility -- -u` writes it again.
 * Without the variable of that command, only the main views are checked.
 */
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findViolations } from './axe.ts';
import { launchChromium } from './chromium.ts';
import { findAnimations, findCutOff, findFurtherStates, findInvisibleFocus } from './screens/in-page.ts';
import { ScenePage, windowSize } from './screens/scene-page.ts';
import { mainScenes, scenes } from './screens/scenes.ts';

/** A window at 200 %. */
const zoomed = { width: windowSize.width / 2, height: windowSize.height / 2 };

let browser: Browser;
let shown: ScenePage;
beforeAll(async () => {
  browser = await launchChromium();
  shown = await ScenePage.create(browser);
});
afterAll(async () => {
  await shown?.close();
  await browser?.close();
});

/** The sidebar is the same in most views. */
function withoutSidebar(spoken: string): string {
  return spoken.replace(/^(- navigation "Main"):\n( .*\n)+/m, '$1\n');
}

const isAll = process.env.BARNRAISER_TEST_ACCESSIBILITY === 'all';

describe.each(scenes.filter(({ name }) => isAll || mainScenes.has(name)))('$name', (scene) => {
  beforeAll(() => shown.open(scene));

  test('is said in order, has no violations, and stands still', async () => {
    const { page } = shown;
    const spoken = await shown.spoken();
    const further = await page.evaluate<string[]>(findFurtherStates);
    await expect(
      [scene.hasSidebar ? spoken : withoutSidebar(spoken), ...further.map((state) => `# ${state}\n`)].join(''),
    ).toMatchFileSnapshot(`screens/spoken/${scene.name}.yml`);
    expect(await page.evaluate(findAnimations)).toEqual([]);
    expect(await findViolations(page)).toEqual([]);
  });

  test('can be reached at 200 %, and has a visible focus in the colors of the system', async () => {
    const { page } = shown;
    await page.emulateMedia({ forcedColors: 'active', contrast: 'more' });
    await page.setViewportSize(zoomed);
    await shown.settle();
    expect(await page.evaluate(findCutOff)).toEqual([]);
    await page.setViewportSize(windowSize);
    await page.keyboard.press('Shift');
    // last: tooltips stay open when the focus moves faster than a person moves it
    expect(await page.evaluate(findInvisibleFocus)).toEqual([]);
  });
});

/** Every view and its dialogs without a mouse: reached, used and left. The data are those of the fixture. */
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from './chromium.ts';
import { findFocused, findPointerOnly, findUnreached, markFocused } from './screens/in-page.ts';
import { ScenePage } from './screens/scene-page.ts';
import { type AccessibilityScene, scenes } from './screens/scenes.ts';

let browser: Browser;
let shown: ScenePage;
let page: Page;
beforeAll(async () => {
  browser = await launchChromium();
  shown = await ScenePage.create(browser);
  ({ page } = shown);
});
afterAll(async () => {
  await shown?.close();
  await browser?.close();
});

function sceneOf(name: string): AccessibilityScene {
  const scene = scenes.find((each) => each.name === name);
  if (!scene) {
    throw new Error(`There is no scene ${name}.`);
  }
  return scene;
}

/** Opens a scene, and gives a control the focus. */
async function at(scene: string, role: Parameters<Page['getByRole']>[0], name: string): Promise<void> {
  await shown.open(sceneOf(scene));
  await page.getByRole(role, { name, exact: true }).first().focus();
}

/** Presses keys one after another, and waits for what each changes. */
async function press(...keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    await page.keyboard.press(key);
    await shown.settle();
  }
}

const focused = (): Promise<string> => page.evaluate(findFocused);

/** More stops than any view has. */
const maxStops = 250;

/** Views whose controls are of each kind: cards, forms, grids, trees, tables, lists, lanes. */
const walked = [
  ...['farm', 'farm-matrix', 'new-build', 'build-failed', 'build-graph', 'log', 'builds', 'images', 'image-files'],
  ...['compare-result', 'connections', 'registries', 'queue', 'schedules', 'statistics', 'settings'],
  ...['push', 'list', 'storage', 'package-sheet', 'samples', 'problem'],
];

describe('the Tab key', () => {
  it.each(walked)('reaches all of %s, and leaves it', async (name) => {
    await shown.open(sceneOf(name));
    const hidden: string[] = [];
    let stops = 0;
    for (; stops < maxStops && !(await page.evaluate<boolean>(markFocused)); stops += 1) {
      await page.keyboard.press('Tab');
      let what = await focused();
      if (what === 'nothing') {
        // a dialog moves the focus on from its end to its start
        await shown.settle();
        what = await focused();
      }
      if (what.startsWith('hidden:')) {
        hidden.push(what);
      }
      // the end of the page, from where the browser goes on
      if (what === 'nothing') {
        await page.keyboard.press('Tab');
      }
    }
    expect(stops).toBeLessThan(maxStops);
    expect(hidden).toEqual([]);
    expect(await page.evaluate(findUnreached)).toEqual([]);
    expect(await page.evaluate(findPointerOnly)).toEqual([]);
  });
});

describe('a menu', () => {
  it('is used with arrow keys, Home, End and letters, and gives the focus back', async () => {
    await at('images', 'button', 'More actions for api:1.3');
    await press('Enter');
    expect(await focused()).toMatch(/^Show details|^Show manifest|^Tag/);
    await press('End');
    expect(await focused()).toMatch(/^Delete image/);
    await press('ArrowUp');
    expect(await focused()).not.toMatch(/^Delete image/);
    await press('v');
    expect(await focused()).toMatch(/^Verify/);
    await press('Home');
    expect(await focused()).not.toMatch(/^Verify/);
    await press('Escape');
    expect(await focused()).toBe('More actions for api:1.3');
  });
});

describe('tabs', () => {
  it('are chosen with arrow keys, Home and End', async () => {
    await at('image-platforms', 'tab', 'Platforms');
    await press('ArrowRight', 'ArrowRight');
    expect(await focused()).toBe('History');
    await press('End');
    await press('Enter');
    await page.getByRole('tabpanel', { name: 'Manifest' }).waitFor();
    expect(await focused()).toBe('Manifest');
    await press('Home', 'Enter');
    await page.getByRole('tabpanel', { name: 'Platforms' }).waitFor();
  });
});

describe('a list to choose from', () => {
  it('finds what is typed', async () => {
    await at('push', 'combobox', 'Compression of layers');
    await press('Enter', 'z');
    expect(await focused()).toMatch(/^zstd/i);
    await press('Enter');
    expect(await page.getByRole('combobox', { name: 'Compression of layers' }).textContent()).toMatch(/^zstd/i);
    await press('Enter', 'Escape');
    await page.getByRole('dialog', { name: 'Push api:1.3' }).waitFor();
  });
});

describe('the files of an image', () => {
  it('are a tree', async () => {
    await shown.open(sceneOf('image-files'));
    await page.getByRole('treeitem').first().focus();
    await press('ArrowDown', 'ArrowRight', 'ArrowRight');
    expect(await focused()).toMatch(/^api/);
    await press('ArrowLeft');
    expect(await focused()).toMatch(/^srv/);
    await press('End');
    expect(await focused()).toMatch(/^bin/);
  });
});

describe('the queue', () => {
  it('is sorted with Alt and arrow keys', async () => {
    await at('queue', 'link', 'docs:3');
    await press('Alt+ArrowDown');
    expect(await focused()).toMatch(/docs:3/);
  });
});

/** What closes with Escape, and what then has the focus. */
const closed: readonly (readonly [
  name: string,
  scene: string,
  role: 'button' | 'link',
  opens: string,
  keys: readonly string[],
  then: RegExp,
])[] = [
  ['the export of an image', 'images', 'button', 'Export…', ['Enter'], /^Export/],
  [
    'a dialog of a menu',
    'images',
    'button',
    'More actions for api:1.3',
    ['Enter', 't', 'Enter'],
    /^More actions for api:1.3/,
  ],
  [
    'the renaming of a farm',
    'farm',
    'button',
    'More actions for home',
    ['Enter', 'r', 'Enter'],
    /^More actions for home/,
  ],
  ['the push', 'images', 'button', 'Push…', ['Enter'], /^Push/],
  ['the check of all images', 'images', 'button', 'Verify all…', ['Enter'], /^Verify all/],
  ['the settings of a registry', 'registries', 'button', 'Add registry…', ['Enter'], /^Add registry/],
  ['a new schedule', 'schedules', 'button', 'New prune schedule…', ['Enter'], /^New prune schedule/],
  ['a key', 'settings', 'button', 'Generate…', ['Enter'], /^Generate/],
  ['what a problem means', 'build-failed', 'button', 'What does this mean?', ['Enter'], /^What does this mean/],
  ['the new build', 'farm', 'button', 'New build', ['Enter'], /^New build/],
];

describe('Escape', () => {
  it.each(closed)('closes %s, and what opened it has the focus', async (_, scene, role, opens, keys, then) => {
    await at(scene, role, opens);
    await press(...keys);
    await page.getByRole('dialog').first().waitFor();
    expect(await focused()).not.toBe('nothing');
    await press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(await focused()).toMatch(then);
  });

  it('closes only what is on top', async () => {
    await at('new-build', 'button', 'Change project…');
    await press('Enter');
    await page.getByRole('dialog', { name: 'Choose a project folder' }).waitFor();
    await press('Escape');
    await page.getByRole('dialog', { name: 'New build' }).waitFor();
    expect(await focused()).toMatch(/^Change project/);
    await press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
  });
});

/** Actions after which the control that was used is gone. */
const gone: readonly (readonly [name: string, scene: string, opens: string, keys: readonly string[]])[] = [
  ['a node is removed from its farm', 'farm', 'More actions for pi4', ['Enter', 'End', 'Enter']],
  ['a destination is removed', 'push', 'Add destination', ['Enter', 'x', 'y', 'Tab', 'Enter']],
  ['the check of a registry is hidden', 'registry-check', 'Hide the check of registry.example.com', ['Enter']],
  ['a watch is stopped', 'schedules', 'Stop watching web:dev', ['Enter']],
  ['a schedule is removed', 'schedules', 'More about nightly', ['Enter', 'End', 'Enter', 'Tab', 'Enter']],
  ['a saved password is removed', 'settings', 'Remove… root@starfive.lan:2222', ['Enter', 'Tab', 'Enter']],
  ['a trusted key is removed', 'settings', 'Remove… release', ['Enter', 'Tab', 'Enter']],
  ['an allowed command is removed', 'settings', 'Remove the command for staging', ['Enter', 'Tab', 'Enter']],
  ['an image is deleted', 'images', 'More actions for api:1.3', ['Enter', 'End', 'Enter', 'Tab', 'Enter']],
  ['a connection is removed', 'connections', 'Remove pi4', ['Enter', 'Tab', 'Enter']],
  ['a build is cancelled', 'build-running', 'Cancel', ['Enter', 'Tab', 'Enter']],
  ['a bake is cancelled', 'bake', 'Cancel', ['Enter']],
  ['a push is cancelled', 'push-running', 'Cancel push', ['Enter']],
];

describe('the focus is not lost when', () => {
  it.each(gone)('%s', async (_, scene, opens, keys) => {
    await at(scene, 'button', opens);
    await press(...keys.slice(0, -1));
    const before = await shown.spoken();
    await press(...keys.slice(-1));
    expect(await shown.spoken()).not.toBe(before);
    expect(await focused()).not.toMatch(/^nothing|^hidden/);
  });

  it('what was done is undone in its message', async () => {
    await at('farm', 'button', 'More actions for pi4');
    await press('Enter', 'End', 'Enter', 'F6');
    await page.getByRole('button', { name: 'Undo' }).focus();
    await press('Enter');
    await page.getByRole('article', { name: 'pi4' }).waitFor();
    expect(await focused()).not.toMatch(/^nothing|^hidden/);
  });
});

describe('the focus moves on to', () => {
  it('the value of a secret that was added', async () => {
    await at('new-build-secrets', 'button', 'Add npm-token');
    await press('Enter');
    expect(await page.getByLabel('Value of secret npm-token').evaluate((field) => field.matches(':focus'))).toBe(true);
  });

  it('the folders in a folder that was opened', async () => {
    await shown.open(sceneOf('folder-dialog'));
    const folders = page.getByRole('dialog').getByRole('list').getByRole('button');
    await folders.first().focus();
    await press('Enter');
    const next = (await folders.count()) > 0 ? folders.first() : page.getByRole('dialog').getByRole('textbox').first();
    expect(await next.evaluate((control) => control.matches(':focus'))).toBe(true);
  });
});

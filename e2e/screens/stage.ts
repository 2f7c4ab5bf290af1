/** Views of the page with the data of the fixture app, in a real browser. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { build } from 'vite';
import { rendererConfig } from '../../electron.vite.config.ts';
import type { FixtureState } from '../../renderer/testing/fixture-app.ts';
import { sample } from '../../renderer/testing/fixture-data.ts';
import { localeOfEnvironment, translation } from '../../translation-plugin.ts';
import type { Locale } from '../translation/catalogue.ts';

/** The route of a view with the fixture's data, as a hash. */
export function hashOf(view: string, state: FixtureState): string {
  const farm = state === 'huge' ? 'datacenter' : 'home';
  const id = {
    empty: 'none',
    busy: sample.running().id,
    question: sample.running().id,
    failed: sample.failed().id,
    done: sample.done().id,
    huge: '20260301-101500-huge',
  }[state];
  const reference = encodeURIComponent(sample.done().reference);
  const routes: Readonly<Record<string, string>> = {
    'first-start': '#/first-start',
    farm: `#/farm/${farm}`,
    bake: '#/bake/bake-20260714-101500-a1b2c3',
    'bake-sheet': `#/farm/${farm}?sheet=bake&folder=${encodeURIComponent('/home/anna/projects/shop')}`,
    'package-sheet': `#/farm/${farm}?sheet=package&folder=${encodeURIComponent('/home/anna/linuxkit/pkg/init-dirty')}`,
    'bake-sheet-many': `#/farm/${farm}?sheet=bake&folder=${encodeURIComponent('/home/anna/projects/many')}`,
    'new-build': `#/farm/${farm}?sheet=new-build&farm=${farm}&context=${encodeURIComponent('/home/anna/projects/api')}`,
    build: `#/build/${id}`,
    storage: `#/farm/${farm}?sheet=storage&farm=${farm}`,
    push: `#/images/${reference}?sheet=push&reference=${reference}`,
    builds: '#/builds',
    image: `#/image/${reference}`,
    images: `#/images/${reference}`,
    connections: '#/connections/pi4',
    registries: '#/registries/registry.example.com',
    list: '#/registries?sheet=list&image=docker://registry.example.com/team/api:1.4',
    copy: '#/images?sheet=copy',
    compare: '#/compare/api%3A1.3/api%3A1.4',
    'sign-in': '#/registries/registry.example.com?sign-in=1',
    schedules: '#/schedules',
    queue: '#/queue',
    settings: '#/settings',
    statistics: '#/statistics',
    log: `#/build/${id}?log=${id}&log-platform=linux/arm64`,
    palette: `#/farm/${farm}`,
    parts: '',
  };
  const route = view.startsWith('#') ? view : routes[view];
  if (route === undefined) {
    throw new Error(`${view} is not a view.`);
  }
  return route;
}

/** Does an action of the options of shoot.ts. */
export async function act(page: Page, step: string): Promise<void> {
  const colon = step.indexOf(':');
  const [verb, rest] = [step.slice(0, colon), step.slice(colon + 1)];
  switch (verb) {
    case 'press':
      return page.keyboard.press(rest.replace('Mod', 'Control'));
    case 'click':
      return page.locator(rest).first().click();
    case 'right-click':
      return page.locator(rest).first().click({ button: 'right' });
    case 'hover':
      return page.locator(rest).first().hover();
    case 'wait':
      return page.locator(rest).first().waitFor();
    case 'drag': {
      const [from = '', to = ''] = rest.split('=>');
      await page.locator(from).first().hover();
      await page.mouse.down();
      // the first move starts the drag, the second moves over the target
      await page.locator(to).first().hover();
      return page.locator(to).first().hover();
    }
    case 'drop':
      return page.evaluate(
        `{ const data = new DataTransfer(); data.items.add(new File(['x'], ${JSON.stringify(rest)}));
          window.dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true })); }`,
      );
    case 'fill': {
      const equals = rest.lastIndexOf('=');
      return page
        .locator(rest.slice(0, equals))
        .first()
        .fill(rest.slice(equals + 1));
    }
    default:
      throw new Error(`${step} is not an action.`);
  }
}

/**
 * Bundles the page, and the gallery of its parts. @param locale a translation, instead of English or that of the environment
 * @returns the folder, which is the caller's
 */
export async function buildPage(locale: Locale | undefined = localeOfEnvironment()): Promise<string> {
  // a separate folder for each run, since several can run at the same time
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-page-'));
  await build({
    ...rendererConfig,
    // what is in the bundle is written beside the app's own
    plugins: [
      translation(locale),
      ...rendererConfig.plugins.filter(
        (plugin) => !('name' in plugin) || !['bundled-packages', 'translation'].includes(plugin.name),
      ),
    ],
    configFile: false,
    logLevel: 'warn',
    build: {
      ...rendererConfig.build,
      outDir: folder,
      minify: false,
      reportCompressedSize: false,
      rollupOptions: {
        input: ['index.html', 'testing/gallery.html'].map((page) => join(rendererConfig.root, page)),
      },
    },
  });
  return folder;
}

/** Waits until the page reacts to keys: it does not before it has loaded the app's state. */
export async function waitForView(page: Page): Promise<void> {
  await page.locator('#root nav, main > section').first().waitFor();
}

/** Waits until fonts are there, one frame for the changes of the last action, and one for their effects. */
export async function waitForPaint(page: Page): Promise<void> {
  await page.evaluate('document.fonts.ready');
  await page.evaluate(
    'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 150))))',
  );
}

/**
 * Takes pictures of a view as the browser door shows it, on the fixture app. See `usage`.
 */

import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright';
import { build } from 'vite';
import { z } from 'zod';
import { startServer } from '../../electron/browser/server.ts';
import { rendererConfig } from '../../electron.vite.config.ts';
import {
  createFixtureApp,
  type FixtureApp,
  type FixtureState,
  fixtureStates,
  type Scene,
} from '../../renderer/testing/fixture-app.ts';
import { sample } from '../../renderer/testing/fixture-data.ts';
import { isTroubleName, type TroubleName, troubles } from '../../renderer/testing/fixture-problems.ts';
import { isQuestionName, lostNode, questions } from '../../renderer/testing/fixture-questions.ts';
import { stageSchema } from '../../shared/check.ts';
import { ensureBrowser } from '../browser-engine.ts';
import { chromiumFlags } from '../chromium-flags.ts';

const usage = `npx tsx e2e/screens/shoot.ts VIEW [options]
  VIEW      ${'first-start farm new-build build push builds images connections settings log palette parts, or a hash as #/farm/lab'}
  --state   ${fixtureStates.join(' | ')}                     (busy)
  --out     folder for the pictures                                                    (/tmp/shots)
  --theme   light | dark                                                               (both)
  --size    as 1280x800                                                                (1280x800 and 900x600)
  --do      press:Mod+k | click:SELECTOR | fill:SELECTOR=TEXT | hover:SELECTOR | wait:SELECTOR |
            drag:SELECTOR=>SELECTOR (held over the second, not let go) | drop:NAME (a folder, somewhere on the window);
            may be repeated, in order
            (a selector is playwright's: text=Push, role=button[name="Push"], css)
  --name    of the pictures, instead of VIEW
  --ask     a question that waits: ${Object.keys(questions).join(' | ')}; may be repeated
  --lost    NODE=SECONDS, a node whose line was lost and is tried again in so many seconds; may be repeated
  --fail    what checks stop at: ${Object.keys(troubles).join(' | ')}
  --hop     they stop at the jump host
  --warn    what checks warn of, as for --fail; may be repeated
  --hold    the stage at which checks go on for ever
  --fix     works | fails | holds                                                      (works)
  --found   few | nothing | many, what this computer knows of engines                  (few)
  --live    let running builds go on while the picture is taken
  --axe     run axe-core on what is shown and say what it finds
Prints the paths, and everything the page wrote to its console as a warning or error.`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    state: { type: 'string', default: 'busy' },
    out: { type: 'string', default: '/tmp/shots' },
    theme: { type: 'string', multiple: true, default: ['light', 'dark'] },
    size: { type: 'string', multiple: true, default: ['1280x800', '900x600'] },
    do: { type: 'string', multiple: true, default: [] },
    name: { type: 'string' },
    ask: { type: 'string', multiple: true, default: [] },
    lost: { type: 'string', multiple: true, default: [] },
    fail: { type: 'string' },
    hop: { type: 'boolean', default: false },
    warn: { type: 'string', multiple: true, default: [] },
    hold: { type: 'string' },
    fix: { type: 'string', default: 'works' },
    found: { type: 'string', default: 'few' },
    live: { type: 'boolean', default: false },
    axe: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function stateOf(text: string): FixtureState {
  const state = fixtureStates.find((each) => each === text);
  if (!state) {
    throw new Error(`--state is one of ${fixtureStates.join(', ')}`);
  }
  return state;
}

/** The place of a view in the fixture, as its hash. */
function hashOf(view: string, state: FixtureState): string {
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
  const places: Readonly<Record<string, string>> = {
    'first-start': '#/first-start',
    farm: `#/farm/${farm}`,
    'new-build': `#/farm/${farm}?sheet=new-build&farm=${farm}&context=${encodeURIComponent('/home/anna/projects/api')}`,
    build: `#/build/${id}`,
    push: `#/images/${reference}?sheet=push&reference=${reference}`,
    builds: '#/builds',
    images: `#/images/${reference}`,
    connections: '#/connections/pi4',
    settings: '#/settings',
    log: `#/build/${id}?log=${id}&log-platform=linux/arm64`,
    palette: `#/farm/${farm}`,
    parts: '',
  };
  const place = view.startsWith('#') ? view : places[view];
  if (place === undefined) {
    throw new Error(`There is no view ${view}.\n${usage}`);
  }
  return place;
}

function troubleNamed(text: string): TroubleName {
  if (!isTroubleName(text)) {
    throw new Error(`There is no trouble ${text}.\n${usage}`);
  }
  return text;
}

function scene(): Scene {
  return {
    failAt: options.fail === undefined ? undefined : troubleNamed(options.fail),
    atHop: options.hop,
    holdAt: options.hold === undefined ? undefined : stageSchema.parse(options.hold),
    warnAt: options.warn.map(troubleNamed),
    fix: z.enum(['works', 'fails', 'holds']).parse(options.fix),
    found: z.enum(['few', 'nothing', 'many']).parse(options.found),
  };
}

/** What has happened in the app before the page is opened. */
function happen(app: FixtureApp): void {
  for (const name of options.ask) {
    if (!isQuestionName(name)) {
      throw new Error(`--ask ${name} is unknown.\n${usage}`);
    }
    app.emit({ event: 'question.asked', question: questions[name] });
  }
  for (const text of options.lost) {
    const [node = '', seconds] = text.split('=');
    app.emit({ event: 'node.changed', status: lostNode(node, Number(seconds ?? 8), 3) });
  }
}

async function act(page: Page, step: string): Promise<void> {
  const colon = step.indexOf(':');
  const [verb, rest] = [step.slice(0, colon), step.slice(colon + 1)];
  switch (verb) {
    case 'press':
      return page.keyboard.press(rest.replace('Mod', 'Control'));
    case 'click':
      return page.locator(rest).first().click();
    case 'hover':
      return page.locator(rest).first().hover();
    case 'wait':
      return page.locator(rest).first().waitFor();
    case 'drag': {
      const [from = '', to = ''] = rest.split('=>');
      await page.locator(from).first().hover();
      await page.mouse.down();
      // the first move begins the drag, the second is over the target
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
      throw new Error(`--do ${step} is unknown.\n${usage}`);
  }
}

async function runAxe(page: Page): Promise<void> {
  // the page's policy allows no script but its own files: the debugger's evaluation is not bound by it
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(source);
  // menus, lists and tooltips float beside the landmarks of a page, as dialogs do, which the rule knows
  await page.evaluate(
    "axe.configure({ checks: [{ id: 'region', options: { regionMatcher: 'dialog, [role=dialog], [role=alertdialog], [role=menu], [role=listbox], [role=tooltip], svg' } }] })",
  );
  const found: { id: string; help: string; targets: string[] }[] = await page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, help, nodes }) => ({ id, help, targets: nodes.map((node) => node.target.join(" ") + " " + node.failureSummary) })))',
  );
  for (const { id, help, targets } of found) {
    console.log(`axe: ${id}: ${help}\n  ${targets.slice(0, 5).join('\n  ')}`);
  }
  console.log(`axe: ${found.length === 0 ? 'nothing' : found.length} found`);
}

async function main(view: string): Promise<void> {
  const state = stateOf(options.state);
  const hash = hashOf(view, state);
  // a folder for each run: others take pictures of their views at the same time
  const folder = join(tmpdir(), `barnraiser-page-${process.pid}`);
  await build({
    ...rendererConfig,
    configFile: false,
    logLevel: 'warn',
    build: {
      ...rendererConfig.build,
      outDir: folder,
      minify: false,
      reportCompressedSize: false,
      rollupOptions: { input: ['index.html', 'testing/gallery.html'].map((page) => join(rendererConfig.root, page)) },
    },
  });
  await mkdir(options.out, { recursive: true });
  const browser = await chromium.launch({
    executablePath: await ensureBrowser(),
    args: [...chromiumFlags],
  });
  try {
    for (const theme of options.theme) {
      for (const size of options.size) {
        const [width = 1280, height = 800] = size.split('x').map(Number);
        const app = createFixtureApp(state, scene());
        happen(app);
        const server = await startServer(app, folder);
        const stop = options.live ? app.live() : undefined;
        const context = await browser.newContext({
          viewport: { width, height },
          colorScheme: theme === 'dark' ? 'dark' : 'light',
          reducedMotion: 'reduce',
        });
        const page = await context.newPage();
        page.on('console', (message) => {
          if (message.type() === 'error' || message.type() === 'warning') {
            console.log(`console: ${message.text()}`);
          }
        });
        page.on('pageerror', (error) => console.log(`page: ${error.stack ?? error.message}`));
        await page.goto(server.url);
        await page.goto(new URL(view === 'parts' ? '/testing/gallery.html' : `/${hash}`, server.url).href);
        // an address that differs from the first in its hash only loads nothing anew
        await page.reload();
        // not before the app's truth is there: what is pressed earlier is not heard
        await page.locator('nav[aria-label="Main"], main > section').first().waitFor();
        for (const step of view === 'palette' ? ['press:Mod+k', ...options.do] : options.do) {
          await act(page, step);
        }
        await page.evaluate('document.fonts.ready');
        // a frame for what the last step has changed, and one for what that has
        await page.evaluate(
          'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 150))))',
        );
        const name = (options.name ?? view).replaceAll(/[^\w-]+/g, '-').replace(/^-/, '');
        const path = join(options.out, `${name}-${state}-${theme}-${size}.png`);
        await page.screenshot({ path });
        console.log(path);
        if (options.axe) {
          await runAxe(page);
        }
        await context.close();
        stop?.();
        await server.close();
      }
    }
  } finally {
    await browser.close();
  }
}

const [view] = positionals;
if (options.help || view === undefined) {
  console.log(usage);
} else {
  await main(view);
}

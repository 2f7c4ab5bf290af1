/** Takes screenshots of a view in the browser front end with the fixture app. See `usage`. */
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright';
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
import {
  type FixtureProblemName,
  fixtureProblems,
  isFixtureProblemName,
} from '../../renderer/testing/fixture-problems.ts';
import { isQuestionName, lostNode, questions } from '../../renderer/testing/fixture-questions.ts';
import { stageSchema } from '../../shared/check.ts';
import { launchChromium } from '../chromium.ts';

const usage = `npx tsx e2e/screens/shoot.ts VIEW [options]
  VIEW      ${'first-start farm new-build build push storage builds image images connections queue registries schedules settings statistics log palette parts, or a hash such as #/farm/lab'}
  --state   ${fixtureStates.join(' | ')}                     (busy)
  --out     folder for the screenshots                                                 (/tmp/shots)
  --theme   light | dark                                                               (both)
  --size    such as 1280x800                                                           (1280x800 and 900x600)
  --do      press:Mod+k | click:SELECTOR | right-click:SELECTOR | fill:SELECTOR=TEXT | hover:SELECTOR | wait:SELECTOR |
            drag:SELECTOR=>SELECTOR (held over the second) | drop:NAME (a folder, on the window);
            an action before the screenshot; can be repeated, and runs in order
            (selectors as in Playwright: text=Push, role=button[name="Push"], css)
  --name    file name, instead of VIEW
  --ask     open a question: ${Object.keys(questions).join(' | ')}; can be repeated
  --lost    NODE=SECONDS: the connection to a node is lost, with the next attempt in SECONDS; can be repeated
  --fail    checks fail with a problem: ${Object.keys(fixtureProblems).join(' | ')}
  --hop     checks fail at the jump host
  --warn    checks warn with a problem, as for --fail; can be repeated
  --hold    checks do not finish this stage
  --fix     works | fails | holds                                                      (works)
  --found   few | nothing | many: engines found on this computer                       (few)
  --live    builds keep running during the screenshot
  --axe     run axe-core and print its violations
Prints the paths of the screenshots, and the warnings and errors in the console of the page.`;

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

/** The route of a view with the fixture's data, as a hash. */
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
    throw new Error(`${view} is not a view.\n${usage}`);
  }
  return route;
}

function parseProblem(text: string): FixtureProblemName {
  if (!isFixtureProblemName(text)) {
    throw new Error(`${text} is not a problem of the fixture.\n${usage}`);
  }
  return text;
}

function scene(): Scene {
  return {
    failAt: options.fail === undefined ? undefined : parseProblem(options.fail),
    atHop: options.hop,
    holdAt: options.hold === undefined ? undefined : stageSchema.parse(options.hold),
    warnAt: options.warn.map(parseProblem),
    fix: z.enum(['works', 'fails', 'holds']).parse(options.fix),
    discovery: z.enum(['few', 'nothing', 'many']).parse(options.found),
  };
}

/** Emits the questions and lost connections of the options. */
function emitEvents(app: FixtureApp): void {
  for (const name of options.ask) {
    if (!isQuestionName(name)) {
      throw new Error(`${name} is not a question of the fixture.\n${usage}`);
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
      throw new Error(`${step} is not an action.\n${usage}`);
  }
}

async function runAxe(page: Page): Promise<void> {
  // the page's content security policy allows only its own scripts, but does not apply to the debugger
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(source);
  // by default the rule allows only dialogs outside the landmarks of a page; allow other floating elements too
  await page.evaluate(
    "axe.configure({ checks: [{ id: 'region', options: { regionMatcher: 'dialog, [role=dialog], [role=alertdialog], [role=menu], [role=listbox], [role=tooltip], svg' } }] })",
  );
  const violations: { id: string; help: string; targets: string[] }[] = await page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, help, nodes }) => ({ id, help, targets: nodes.map((node) => node.target.join(" ") + " " + node.failureSummary) })))',
  );
  for (const { id, help, targets } of violations) {
    console.log(`axe: ${id}: ${help}\n  ${targets.slice(0, 5).join('\n  ')}`);
  }
  console.log(`axe: ${violations.length} violations`);
}

async function main(view: string): Promise<void> {
  const state = stateOf(options.state);
  const hash = hashOf(view, state);
  // a separate folder for each run, since several can run at the same time
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
      rollupOptions: {
        input: ['index.html', 'enter.html', 'testing/gallery.html'].map((page) => join(rendererConfig.root, page)),
      },
    },
  });
  await mkdir(options.out, { recursive: true });
  const browser = await launchChromium();
  try {
    for (const theme of options.theme) {
      for (const size of options.size) {
        const [width = 1280, height = 800] = size.split('x').map(Number);
        const app = createFixtureApp(state, scene());
        emitEvents(app);
        const server = await startServer(app, folder);
        const stop = options.live ? app.startActivity() : undefined;
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
        await page.goto(
          view === 'parts' ? new URL('/testing/gallery.html', server.url).href : server.createEntryUrl(hash),
        );
        // the page does not react to keys before it has loaded the app's state
        await page.locator('nav[aria-label="Main"], main > section').first().waitFor();
        for (const step of view === 'palette' ? ['press:Mod+k', ...options.do] : options.do) {
          await act(page, step);
        }
        await page.evaluate('document.fonts.ready');
        // one frame for the changes of the last action, and one for their effects
        await page.evaluate(
          'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 150))))',
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

/** Takes screenshots of a view in the browser front end with the fixture app. See `usage`. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { startServer } from '../../electron/browser/server.ts';
import {
  createFixtureApp,
  type FixtureApp,
  type FixtureState,
  fixtureStates,
  type Scene,
} from '../../renderer/testing/fixture-app.ts';
import {
  type FixtureProblemName,
  fixtureProblems,
  isFixtureProblemName,
} from '../../renderer/testing/fixture-problems.ts';
import { isQuestionName, lostNode, questions } from '../../renderer/testing/fixture-questions.ts';
import { stageSchema } from '../../shared/check.ts';
import { findViolations } from '../axe.ts';
import { launchChromium } from '../chromium.ts';
import { act, buildPage, hashOf, waitForPaint, waitForView } from './stage.ts';

const usage = `npx tsx e2e/screens/shoot.ts VIEW [options]
  VIEW      ${'first-start farm new-build build push storage builds image images list copy compare connections queue registries schedules settings statistics log palette parts, or a hash such as #/farm/lab'}
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

async function main(view: string): Promise<void> {
  const state = stateOf(options.state);
  const hash = hashOf(view, state);
  const folder = await buildPage();
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
        await waitForView(page);
        for (const step of view === 'palette' ? ['press:Mod+k', ...options.do] : options.do) {
          await act(page, step);
        }
        await waitForPaint(page);
        const name = (options.name ?? view).replaceAll(/[^\w-]+/g, '-').replace(/^-/, '');
        const path = join(options.out, `${name}-${state}-${theme}-${size}.png`);
        await page.screenshot({ path });
        console.log(path);
        if (options.axe) {
          const violations = await findViolations(page);
          console.log(violations.map((violation) => `axe: ${violation}`).join('\n'));
          console.log(`axe: ${violations.length} violations`);
        }
        await context.close();
        stop?.();
        await server.close();
      }
    }
  } finally {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const [view] = positionals;
if (options.help || view === undefined) {
  console.log(usage);
} else {
  await main(view);
}

/**
 * The app in another language: one that is made of the English texts, with accents and brackets. What is left of English in the window
 * and the terminal is not translated, and what has no room for it is cut off. Builds and their data stay the same.
 */
// cspell:ignore conection höst chángëd
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BrowserServer, startServer } from '../electron/browser/server.ts';
import { createProgram } from '../electron/terminal/commands/program.ts';
import { createFixtureApp, type FixtureApp } from '../renderer/testing/fixture-app.ts';
import { questions } from '../renderer/testing/fixture-questions.ts';
import { calls } from '../shared/contract.ts';
import { words as stateWords } from '../shared/words.ts';
import { launchChromium } from './chromium.ts';
import { makeProject, type Outcome, Person, parseBuild, setUpLab } from './harness.ts';
import { findCutOff, findOverlaps } from './screens/in-page.ts';
import { type AccessibilityScene, scenes } from './screens/scenes.ts';
import { act, hashOf, waitForPaint, waitForView } from './screens/stage.ts';
import { pseudoLocale, pseudoLookup, pseudoText } from './translation/pseudo.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const lab = await setUpLab();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-translated-'));
  const file = join(folder, 'pseudo.json');
  await writeFile(file, JSON.stringify(pseudoLocale()));
  const bundler = join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js');
  const { stdout } = await run(process.execPath, [bundler, 'build', '--outDir', folder], {
    cwd: root,
    env: { ...process.env, BARNRAISER_LOCALE: file },
    maxBuffer: 16 * 1024 * 1024,
  });
  expect(stdout.match(/\d+ left in English/g)).toEqual(Array(2).fill('0 left in English'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{M}]+/gu) ?? [];

/** Names of products and keys, and what `Intl` writes of dates. */
const names = new Set(
  [
    ...[
      'Barnraiser podman docker Docker Podman buildx BuildKit Containerfile Dockerfile GitHub Actions Go Python Debian Alpine',
    ],
    ...[
      'API GitLab CI containerignore A B',
      'Alt Del Delete End Enter Esc Escape Home O Shift Space AM PM Mon Tue Wed Thu Fri Sat Sun',
    ],
    ...['Monday Tuesday Wednesday Thursday Friday Saturday Sunday'],
    ...['January February March April May June July August September October November December'],
    ...['Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'],
  ].flatMap((line) => line.split(' ')),
);

/**
 * What is English in a text: words with a vowel that has no accent, and states as files and calls name them.
 * @param data words of what is not translated, such as names
 */
function englishIn(text: string, data: ReadonlySet<string>): string[] {
  // a text of the app is of its own language
  if (/\s/.test(text.trim()) && data.has(text.trim())) {
    return [];
  }
  // a path, an address or a code is data
  const plain = text.replace(/\S*\/\S*|\b[a-z]+(\.[a-z][\w-]*)+/g, '');
  const words = wordsOf(plain).filter((word) => /^[a-zA-Z]*[aeiouyAEO][a-zA-Z]*$/.test(word));
  const states = plain.split(/[,·:()⟦⟧~]/).map((part) => part.trim());
  return [
    ...words.filter((word) => !data.has(word) && !names.has(word)),
    ...states.filter((word) => Object.hasOwn(stateWords, word)),
  ];
}

function addWords(value: unknown, data: Set<string>): void {
  if (typeof value === 'string') {
    data.add(value);
    // without what colours a log
    for (const word of wordsOf(stripVTControlCharacters(value))) {
      data.add(word);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      addWords(key, data);
      addWords(each, data);
    }
  }
}

describe('the window', () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launchChromium();
    page = await browser.newPage({ reducedMotion: 'reduce', locale: 'en-US' });
    page.setDefaultTimeout(20_000);
  });
  afterAll(() => browser?.close());

  /** What is visible or spoken, except code. */
  const findTexts = `(() => {
    const found = [document.title];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const isText = node.nodeType === Node.TEXT_NODE;
      const element = isText ? node.parentElement : node;
      if (!element.checkVisibility() || element.closest('code, kbd, pre, samp, svg, style, script, [role=log]')) continue;
      if (isText) found.push(node.data);
      else for (const name of ['alt', 'aria-description', 'aria-label', 'aria-roledescription', 'aria-valuetext', 'placeholder', 'title'])
        if (element.hasAttribute(name)) found.push(element.getAttribute(name));
    }
    return found;
  })()`;

  /** Notes what the page gets from the app, which is not translated. */
  function recording(app: FixtureApp, data: Set<string>): FixtureApp {
    return {
      ...app,
      call: async (name, input) => {
        const result = await app.call(name, input);
        addWords(result, data);
        if (name === 'farms.list' && result.ok) {
          // the first letters of a farm stand for it where the sidebar is folded
          const { farms } = calls['farms.list'].output.parse(result.value);
          addWords(
            farms.map((farm) => farm.name.slice(0, 2)),
            data,
          );
        }
        return result;
      },
      subscribe: (listener) =>
        app.subscribe((event, seq) => {
          addWords(event, data);
          listener(event, seq);
        }),
    };
  }

  const shown = pseudoLookup();
  const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  /** An action with the translations of the texts that it looks for: whole ones, and the beginnings of names. */
  const translated = (step: string): string =>
    step
      .replace(/(name=\/\^)(.+?)\//g, (_, start, text) => `${start}⟦${pseudoText(text).replace(/⟦|~*⟧/g, '')}/`)
      .replace(/name="(.+?)"/g, (_, text) => `name=/^(?:${shown(text).map(escaped).join('|')})$/`)
      .replace(/((?:text=|has-text\()")(.+?)"/g, (_, start, text) => `${start}${shown(text)[0]}"`)
      .replace(/(:text=|:role=combobox=)([^"]+)$/, (_, start, text) => `${start}${shown(text)[0]}`);

  async function open(
    { view, state = 'busy', do: steps = [], ask }: AccessibilityScene,
    data: Set<string>,
  ): Promise<BrowserServer> {
    const app = createFixtureApp(state);
    if (ask !== undefined) {
      app.emit({ event: 'question.asked', question: questions[ask] });
    }
    const server = await startServer(recording(app, data), join(folder, 'renderer'));
    const hash = hashOf(view, state);
    addWords(decodeURIComponent(hash), data);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(server.createEntryUrl(hash));
    await waitForView(page);
    for (const step of steps) {
      const [, typed = ''] = /^fill:.*=(.*)$/.exec(step) ?? [];
      addWords([typed, typed.toLowerCase()], data);
      await act(page, translated(step));
    }
    await waitForPaint(page);
    return server;
  }

  test.each(scenes)('$name is translated, and has room for longer texts', async (scene) => {
    const data = new Set<string>();
    const server = await open(scene, data);
    try {
      expect(await page.locator('html').getAttribute('lang')).toBe('en-XA');
      const texts = (await page.evaluate(findTexts)) as string[];
      expect(texts.filter((text) => text.includes('⟦')).length).toBeGreaterThan(3);
      const left = texts.flatMap((text) => {
        const english = englishIn(text, data);
        return english.length > 0 ? [`${english.join(' ')} in: ${text}`] : [];
      });
      expect(left).toEqual([]);
      for (const size of [
        { width: 1280, height: 800 },
        { width: 900, height: 600 },
      ]) {
        await page.setViewportSize(size);
        await waitForPaint(page);
        expect(await page.evaluate(findOverlaps)).toEqual([]);
        expect(await page.evaluate(findCutOff)).toEqual([]);
      }
    } finally {
      await server.close();
    }
  });
});

describe('the terminal', () => {
  let person: Person;
  beforeAll(async () => {
    person = await Person.create();
  });
  afterAll(() => person?.remove());

  async function barnraiser(...args: string[]): Promise<Outcome> {
    const cli = join(folder, 'main', 'cli.cjs');
    const env = { ...person.env, BARNRAISER_ATTACH: '0' };
    try {
      return {
        code: 0,
        ...(await run(process.execPath, [cli, ...args], { env, maxBuffer: 64 * 1024 * 1024 })),
      } as Outcome;
    } catch (error) {
      const { code, stdout, stderr } = error as Outcome;
      return { code, stdout, stderr } as Outcome;
    }
  }

  /** Names of commands, arguments and options. */
  function syntax(): Set<string> {
    const ignore = (): void => undefined;
    const program = createProgram({ env: {}, workingFolder: '/', onCommand: ignore, onText: ignore });
    const known = new Set(['barnraiser', 'help', 'options', 'command', 'COMMAND']);
    for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)]) {
      const { options, registeredArguments } = command;
      const flags = options.map((option) => option.flags);
      addWords([command.name(), command.aliases(), flags, registeredArguments.map((each) => each.name())], known);
    }
    return known;
  }

  test.each([
    { name: 'help', args: ['--help'] },
    { name: 'the help of a command', args: ['prune', '--help'] },
    { name: 'an unknown option', args: ['images', '--nope'], data: ['nope'] },
    { name: 'a missing argument', args: ['connection', 'add'] },
    { name: 'a mistyped command', args: ['conection'], data: ['conection'] },
    { name: 'a value that is not valid', args: ['connection', 'add', 'x', 'http://foo'] },
    { name: 'a list that is empty', args: ['connection', 'list'] },
    { name: 'codes', args: ['explain', 'ssh.time'], data: ['ssh.time'] },
    { name: 'statistics', args: ['stats'] },
  ])('says $name in the other language', async ({ args, data = [] }) => {
    const { stdout, stderr } = await barnraiser(...args);
    const known = syntax();
    addWords(data, known);
    const text = stdout + stderr;
    expect(text).toContain('⟦');
    // examples are commands, and those in texts are not commands any more
    const left = text.split('\n').filter((line) => !/^ {2}barnraiser /.test(line) && englishIn(line, known).length > 0);
    expect(left).toEqual([]);
  });

  test('explains a problem with its messages, found by the code and by what it says', async () => {
    const { stdout } = await barnraiser('explain', 'ssh.host-key-changed');
    expect(stdout).toContain('⟦Thë höst këÿ hás chángëd');
    expect(stdout).not.toMatch(/^ {2}- Node/m);
    const found = await barnraiser('explain', pseudoText('The host key has changed'));
    expect(found.stdout).toContain('(ssh.host-key-changed)');
  });

  test('builds on podman and docker, and reads and writes the same data', async () => {
    const project = await makeProject({
      Containerfile: 'FROM scratch\nCOPY Containerfile /\n',
      '.dockerignore': 'out\n',
    });
    try {
      const nodes = lab.nodes.filter(
        ({ engine }, index, all) => all.findIndex((each) => each.engine === engine) === index,
      );
      for (const { name, uri, identity } of nodes) {
        const added = await barnraiser(
          'connection',
          'add',
          name,
          uri,
          '--identity',
          identity,
          '--accept-new-host-keys',
        );
        expect(added).toMatchObject({ code: 0 });
      }
      const outcome = await barnraiser(
        'build',
        '--json',
        '-t',
        'api:1',
        '--node',
        nodes.map(({ name }) => name).join(),
        project,
      );
      const build = parseBuild(outcome);
      expect(build).toMatchObject({ status: 'done' });
      // the same data for the English bundle, and back
      expect(await person.mustRun('builds')).toMatch(/api:1 .*done/);
      expect((await barnraiser('images')).stdout).toContain('api:1');
      expect((await barnraiser('connection', 'list')).stdout).toContain('⟦');
      const json = JSON.parse((await barnraiser('connection', 'list', '--json')).stdout.split('\n')[0] ?? '');
      expect(json).toEqual(JSON.parse((await person.mustRun('connection', 'list', '--json')).split('\n')[0] ?? ''));
    } finally {
      await rm(project, { recursive: true, force: true });
    }
  });
});

/**
 * The commands of the guide, run as it shows them, in the order of its pages. Its machines are nodes of the lab, by an SSH configuration; its
 * registry and base images are those of the lab, whose names replace them.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Browser } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from './chromium.ts';
import { type CodeBlock, readPage } from './docs/pages.ts';
import { bundledCli, Person, setUpLab } from './harness.ts';
import { pushCompiler } from './lab/base-image.ts';
import { type AuthRegistry, startAuthRegistry } from './lab/registries.ts';
import { sshConfig } from './lab/ssh-config.ts';
import { AppWindow } from './pages/app-window.ts';
import { Home } from './pages/browser-front-end.ts';

const lab = await setUpLab();
const index = readPage('docs/guide/index.md');
const pages = [...new Set(index.links.map(({ target }) => target).filter((target) => /^[\w-]+\.md$/.test(target)))].map(
  (name) => readPage(join('docs/guide', name)),
);

let folder: string;
let person: Person;
let registry: AuthRegistry;
/** What the guide writes, and what it is here. */
const names: [string, string][] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-guide-'));
  const compiler = await pushCompiler(lab.registry.address);
  names.push(
    ['docker.io/library/busybox:1.36', `${lab.registry.address}/base:1`],
    ['docker.io/library/alpine:3.22', compiler],
  );
  await Promise.all(['home', 'bin'].map((name) => mkdir(join(folder, name))));
  await writeFile(join(folder, 'ssh-config'), sshConfig(lab.nodes));
  await writeFile(join(folder, 'bin', 'barnraiser'), wrapper(), { mode: 0o755 });
  person = await Person.create({
    HOME: join(folder, 'home'),
    XDG_CONFIG_HOME: join(folder, 'home', '.config'),
    XDG_RUNTIME_DIR: join(folder, 'home'),
    DOCKER_CONFIG: join(folder, 'home', '.docker'),
    PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter),
    BARNRAISER_SSH_CONFIG: join(folder, 'ssh-config'),
  });
  registry = await startAuthRegistry({ mode: 'token' });
  await person.mustRun('registry', 'add', registry.address, '--tls', 'plain-http');
  await writeFile(join(folder, 'home', 'registry-token'), registry.password, { mode: 0o600 });
  names.push(['registry.example.com', registry.address], ['--username anna', `--username ${registry.username}`]);
});
afterAll(async () => {
  await registry?.stop();
  await person?.remove();
  await rm(folder, { recursive: true, force: true });
});

/** All pages take minutes. Later ones need what the first makes, and the first needs no other. */
const isWhole = process.env.BARNRAISER_TEST_GUIDE !== 'first-farm';
const tried = pages.filter(({ path, blocks }) => blocks.some(isUsed) && (isWhole || path.endsWith('/first-farm.md')));

describe.each(tried)('$path', ({ blocks }) => {
  let work: string;
  let output = '';
  beforeAll(async () => {
    work = await mkdtemp(join(folder, 'work-'));
    await writeFile(join(work, '.folder'), work);
  });

  test.each(blocks.filter(isUsed).map((block) => ({ ...block, at: `line ${block.line}` })))('$at', async (block) => {
    const { comment = '', text } = block;
    const file = /^file: (.+)$/.exec(comment)?.[1];
    if (file !== undefined) {
      await mkdir(dirname(join(work, file)), { recursive: true });
      await writeFile(join(work, file), here(`${text}\n`));
    } else if (comment === 'output') {
      expect(missingLines(here(text), output), output).toEqual([]);
    } else {
      const ran = await run(work, here(text));
      ({ output } = ran);
      expect(comment === 'fails' ? ran.code !== 0 : ran.code === 0, `exit code ${ran.code}\n${output}`).toBe(true);
    }
  });
});

describe('the window', () => {
  let browser: Browser;
  let home: Home;
  let window: AppWindow;
  beforeAll(async () => {
    browser = await launchChromium();
    home = await Home.create();
    await home.addPodmanConnections(lab.node('amd-b'));
    window = await AppWindow.open(browser, home);
    await window.page.getByRole('heading', { name: 'Choose machines to build on' }).waitFor();
  });
  afterAll(async () => {
    await window?.close();
    await home?.remove();
    await browser?.close();
  });

  test('opens the guide', async () => {
    const opened = window.page.waitForEvent('popup');
    await window.palette.run('guide', 'Open the guide');
    const guide = await opened;
    await guide.getByRole('link', { name: 'The first farm in ten minutes' }).first().click();
    await guide.getByRole('heading', { name: '3. Build' }).waitFor();
    await guide.close();
  });

  test('writes a sample, which is built on the first farm', async () => {
    await window.palette.run('sample', 'Try a sample…');
    await window.page.getByRole('button', { name: /^Two stages/ }).click();
    await window.page.getByText('two-stage will be built on the new farm.').waitFor();
    expect(await readdir(join(home.env.BARNRAISER_HOME ?? '', 'sample-projects', 'two-stage'))).toContain(
      'Containerfile',
    );
  });
});

function isUsed({ comment = '' }: CodeBlock): boolean {
  return !comment.startsWith('not run');
}

function here(text: string): string {
  return names.reduce((replaced, [shown, actual]) => replaced.replaceAll(shown, actual), text);
}

/** The command. Samples begin with images of Docker Hub, which the lab cannot reach, so they get those of the lab. */
function wrapper(): string {
  const command = [process.execPath, ...bundledCli].map((word) => `'${word}'`).join(' ');
  const change = names.map(([shown, actual]) => `-e 's#${shown}#${actual}#'`).join(' ');
  return `#!/bin/sh
${command} "$@" || exit
if [ "$1" = sample ] && [ -n "\${2-}" ]; then
  find "$2" -type f ! -path '*/.git/*' -exec sed -i ${change} {} +
fi
`;
}

/** Runs a script in the folder where the one before it has ended. */
async function run(work: string, script: string): Promise<{ code: number | null; output: string }> {
  const state = join(work, '.folder');
  const child = spawn('bash', ['-eu', '-c', `cd "$(cat '${state}')"\n${script}\npwd > '${state}'`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: person.env,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { code, output: stripVTControlCharacters(output) };
}

/** The expected lines that no line of the output matches. `…` stands for any text, and spaces for any number of them. */
function missingLines(expected: string, output: string): string[] {
  const lines = output.split('\n');
  return expected.split('\n').filter((line) => {
    const parts = line.trim().split('…');
    const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/ +/g, '\\s*')).join('.*');
    return !lines.some((each) => new RegExp(`^\\s*${pattern}\\s*$`).test(each));
  });
}

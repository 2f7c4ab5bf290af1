/** The browser front end where a browser is missing, fails or is started twice. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { ensureBundled } from './bundle.ts';
import { Home } from './pages/browser-front-end.ts';

const program = resolve(import.meta.dirname, '..', 'out', 'main', 'browser.cjs');

let home: Home;
let app: ChildProcess | undefined;

beforeAll(ensureBundled);
beforeEach(async () => {
  home = await Home.create();
});
afterEach(async () => {
  if (app?.exitCode === null) {
    const ended = new Promise((end) => app?.once('exit', end));
    app.kill();
    await ended;
  }
  await home.remove();
});

/** Starts the app with programs of its own as the only browsers. Resolves with what it prints, up to the address. */
async function startWith(browser: string | undefined): Promise<string> {
  const bin = join(home.folder, 'bin');
  await mkdir(bin);
  if (browser !== undefined) {
    await writeFile(join(bin, 'chromium'), browser);
    await chmod(join(bin, 'chromium'), 0o755);
  }
  const child = spawn(process.execPath, [program], {
    env: { ...home.env, PATH: bin },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  app = child;
  return new Promise((resolve, reject) => {
    let text = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      text += `${line}\n`;
      if (line.includes('http://')) {
        resolve(text);
      }
    });
    child.once('exit', (code) => reject(new Error(`ended with code ${code}: ${text}`)));
  });
}

it('prints its address if there is no browser', async () => {
  expect(await startWith(undefined)).toMatch(
    /^Barnraiser is running at http:\/\/127\.0\.0\.1:\d+\/enter\.html#token=\S+\n$/,
  );
});

it.each([
  ['ends at once', '#!/bin/sh\nexit 1\n'],
  ['cannot be run', 'no program'],
])('prints its address if the browser %s, instead of ending silently', async (_, browser) => {
  expect(await startWith(browser)).toMatch(
    /^The browser of this computer could not open a window\.\nBarnraiser is running at /,
  );
});

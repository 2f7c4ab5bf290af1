import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findBrowser, profileFolder } from './find-browser.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-browser-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function makeProgram(name: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, '#!/bin/sh\nexit\n');
  await chmod(path, 0o755);
  return path;
}

it('finds the preferred browser on the PATH, or none', async () => {
  expect(await findBrowser({ PATH: folder }, 'linux')).toBeUndefined();
  const edge = await makeProgram('microsoft-edge');
  expect(await findBrowser({ PATH: `/nowhere:${folder}` }, 'linux')).toBe(edge);
  const chromium = await makeProgram('chromium');
  expect(await findBrowser({ PATH: `/nowhere:${folder}` }, 'linux')).toBe(chromium);
});

it('keeps the profile of a browser that is a snap where the snap may write, one for each data folder', async () => {
  const chromium = await makeProgram('chromium');
  expect(await profileFolder(chromium, '/data', '/home/anna')).toBe('/data/browser-profile');
  const [first, second] = await Promise.all(
    ['/data', '/other'].map((data) => profileFolder('/snap/bin/chromium', data, '/home/anna')),
  );
  expect(first).toMatch(/^\/home\/anna\/snap\/chromium\/common\/barnraiser\/[0-9a-f]{16}$/);
  expect(second).not.toBe(first);
});

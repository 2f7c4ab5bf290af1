import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LinkSpeeds } from './link-speeds.ts';

const megabyte = 1_000_000;
const none = { bytes: 0, ms: 0 };

let folder: string;
let links: LinkSpeeds;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-links-'));
  links = new LinkSpeeds(folder);
});
afterEach(async () => {
  await links.close();
  await rm(folder, { recursive: true });
});

test('the speed of a line is what jobs have measured, the newer ones more than the older ones', async () => {
  links.add('pi4', { up: { bytes: 4 * megabyte, ms: 1_000 }, down: none });
  links.add('pi4', { up: { bytes: 2 * megabyte, ms: 1_000 }, down: { bytes: megabyte, ms: 500 } });
  await links.close();
  expect(await links.all()).toEqual({ pi4: { up: 3 * megabyte, down: 2 * megabyte } });
  // another process knows it
  expect(await new LinkSpeeds(folder).all()).toEqual(await links.all());
});

test('short transfers say nothing', async () => {
  links.add('pi4', { up: { bytes: 100_000, ms: 1_000 }, down: { bytes: megabyte, ms: 5 } });
  await links.close();
  expect(await links.all()).toEqual({});
});

test('what cannot be read counts as unknown, and is not replaced', async () => {
  const path = join(folder, 'link-speeds.json');
  await writeFile(path, '{"version": 99}');
  links.add('pi4', { up: { bytes: megabyte, ms: 1_000 }, down: none });
  await links.close();
  expect(await links.all()).toEqual({});
  expect(await readFile(path, 'utf8')).toBe('{"version": 99}');
});

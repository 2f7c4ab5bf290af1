import { constants } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { extract, type Header, pack } from 'tar-stream';
import { expect, it } from 'vitest';
import { endBytes, tarHeader, tarHeaderBytes } from './tar-header.ts';
import type { ContextEntry } from './walk.ts';

/** What another implementation writes. */
async function expected(entry: ContextEntry): Promise<Buffer> {
  const seconds = Math.floor(entry.modifiedMs / 1000);
  const held = Math.min(Math.max(seconds, 0), 2 ** 31 - 1);
  const header: Partial<Header> & { name: string; pax?: Record<string, string> } = {
    name: entry.kind === 'folder' ? `${entry.path}/` : entry.path,
    type: ({ folder: 'directory', file: 'file', symlink: 'symlink', hardlink: 'link' } as const)[entry.kind],
    mode: entry.mode | constants.S_IFREG,
    mtime: new Date(held * 1000),
    ...('target' in entry ? { linkname: entry.target } : {}),
    ...(held === seconds ? {} : { pax: { mtime: String(seconds) } }),
  };
  const tar = pack();
  tar.entry({ ...header, size: 0 }).end(undefined);
  tar.finalize();
  const bytes = await buffer(tar);
  return bytes.subarray(0, bytes.length - endBytes);
}

const content = Buffer.alloc(0);

function randomEntry(seed: number): ContextEntry {
  let state = seed;
  const random = (limit: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * limit);
  };
  const names = ['a', 'ä', '漢', 'x'.repeat(90), 'y'.repeat(120), 'z'.repeat(99), 'w'.repeat(160), 'plain.txt'];
  const path = (): string =>
    Array.from({ length: 1 + random(4) }, () => names[random(3) === 0 ? random(names.length) : 7]).join('/');
  const times = [0, 1_700_000_000_123.5, -5_000, 2 ** 31 * 1000, (2 ** 31 - 1) * 1000, 2 ** 33 * 1000];
  const common = { path: path(), mode: random(0o10000), modifiedMs: times[random(times.length)] ?? 0 };
  switch (random(4)) {
    case 0:
      return { ...common, kind: 'folder' };
    case 1:
      return { ...common, kind: 'symlink', target: random(3) === 0 ? 't'.repeat(95 + random(12)) : path() };
    case 2:
      return { ...common, kind: 'hardlink', target: path() };
    default:
      return { ...common, kind: 'file', size: 0, content };
  }
}

it('writes the same headers as another implementation, for any names, targets, modes and times', async () => {
  for (let seed = 1; seed <= 1_000; seed++) {
    const entry = randomEntry(seed);
    const header = tarHeader(entry);
    expect(header.equals(await expected(entry)), JSON.stringify(entry)).toBe(true);
    expect(tarHeaderBytes(entry)).toBe(header.length);
  }
});

it('writes sizes of more than 8 GB', async () => {
  const size = 8 ** 11 + 12_345;
  const extractor = extract();
  const read = new Promise<Header>((resolve) => extractor.once('entry', resolve));
  extractor.write(tarHeader({ kind: 'file', path: 'large', mode: 0o644, modifiedMs: 0, size, content }));
  expect(await read).toMatchObject({ name: 'large', size });
  extractor.destroy();
});

it('is memory of its own, so that a message with many headers has nothing else', () => {
  const link: ContextEntry = { kind: 'symlink', path: 'link', mode: 0o777, modifiedMs: 0, target: '../../outside' };
  expect(tarHeader(link).buffer.byteLength).toBe(tarHeaderBytes(link));
});

import { execFileSync } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { archiveFormat, unpack } from './unpack.ts';

let folder: string;
const { signal } = new AbortController();

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'barnraiser-unpack-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

type Entry = Partial<Header> & { readonly name: string; readonly content?: string };

async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content = '', ...header } of entries) {
    tar.entry({ mtime: new Date(1_000_000_000_000), ...header }, content);
  }
  tar.finalize();
  return buffer(tar);
}

async function unpackBytes(bytes: Buffer, options = {}): Promise<string> {
  const path = join(folder, 'archive');
  const target = await mkdtemp(join(folder, 'target-'));
  await writeFile(path, bytes);
  await unpack(path, target, { name: 'context.tar', signal, ...options });
  return target;
}

const sample: Entry[] = [
  { name: './', type: 'directory', mode: 0o755 },
  { name: './bin/tool', mode: 0o755, content: '#!/bin/sh\n' },
  { name: 'bin/', type: 'directory', mode: 0o555 },
  { name: 'secret', mode: 0, content: 'x' },
  { name: 'also', type: 'link', linkname: 'bin/tool' },
  { name: 'out', type: 'symlink', linkname: '../../etc/passwd' },
  { name: '/absolute', content: 'inside' },
];

describe('an archive', () => {
  it('changes no folder outside through a link that replaces one of its folders', async () => {
    const outside = join(folder, 'outside/keys');
    await mkdir(outside, { recursive: true, mode: 0o700 });
    await chmod(outside, 0o700);
    const open = { type: 'directory', mode: 0o777 } as const;
    const link = { type: 'symlink', linkname: join(folder, 'outside') } as const;
    for (const entries of [
      [
        { name: 'a/keys/', ...open },
        { name: 'a', ...link },
      ],
      [
        { name: 'b', ...link },
        { name: 'a/keys/', ...open },
        { name: 'a', type: 'link', linkname: 'b' },
      ],
    ] satisfies Entry[][]) {
      await unpackBytes(await tarOf(entries));
      expect((await stat(outside)).mode & 0o777).toBe(0o700);
    }
  });

  it('keeps modes, times and links', async () => {
    const target = await unpackBytes(await tarOf(sample));
    expect((await readdir(target)).sort()).toEqual(['absolute', 'also', 'bin', 'out', 'secret']);
    const tool = await stat(join(target, 'bin/tool'));
    expect([tool.mode & 0o777, tool.mtimeMs, tool.nlink]).toEqual([0o755, 1_000_000_000_000, 2]);
    expect((await stat(join(target, 'bin'))).mtimeMs).toBe(1_000_000_000_000);
    expect(await readlink(join(target, 'out'))).toBe('../../etc/passwd');
  });

  it.each(['gzip', 'zstd', 'xz', 'bzip2'] as const)('may be compressed by %s', async (format) => {
    const tar = await tarOf(sample);
    const bytes = format === 'gzip' ? gzipSync(tar) : execFileSync(format, ['-c'], { input: tar });
    expect(archiveFormat(bytes)).toBe(format);
    expect(await readFile(join(await unpackBytes(bytes), 'absolute'), 'utf8')).toBe('inside');
  });

  it('is told from a Containerfile', async () => {
    expect(archiveFormat(await tarOf([]))).toBe('tar');
    expect(archiveFormat(Buffer.from(`FROM scratch\n${'#'.repeat(600)}`))).toBeUndefined();
    expect(archiveFormat(Buffer.from('BZh FROM'))).toBeUndefined();
  });
});

describe('an archive that leads out of its folder', () => {
  it.each<[string, Entry[]]>([
    ['by its path', [{ name: '../evil', content: 'x' }]],
    [
      'by a path below a link',
      [
        { name: 'a', type: 'symlink', linkname: '/tmp' },
        { name: 'a/evil', content: 'x' },
      ],
    ],
    [
      'by a folder that is a link',
      [
        { name: 'a', type: 'symlink', linkname: '..' },
        { name: 'a/b/', type: 'directory' },
      ],
    ],
    ['by a hard link', [{ name: 'a', type: 'link', linkname: '../archive' }]],
    ['by a hard link to what is not in it', [{ name: 'a', type: 'link', linkname: '/etc/passwd' }]],
  ])('%s is refused', async (_how, entries) => {
    await expect(unpackBytes(await tarOf(entries))).rejects.toMatchObject({ problem: { code: 'context.archive' } });
    expect(await readdir(folder)).not.toContain('evil');
  });

  it('by a link that a later file replaces writes the file inside', async () => {
    const target = await unpackBytes(
      await tarOf([
        { name: 'a', type: 'symlink', linkname: '../evil' },
        { name: 'a', content: 'x' },
        { name: 'b/', type: 'directory' },
        { name: 'b', type: 'symlink', linkname: '..' },
      ]),
    );
    expect((await lstat(join(target, 'a'))).isFile()).toBe(true);
    expect((await lstat(join(target, 'b'))).isSymbolicLink()).toBe(true);
    expect(await readdir(folder)).not.toContain('evil');
  });
});

it('a huge or damaged archive is refused', async () => {
  const tar = await tarOf(sample);
  await expect(unpackBytes(tar, { maxEntries: 3 })).rejects.toThrow('more than 3 files');
  await expect(unpackBytes(tar, { maxBytes: 10 })).rejects.toThrow('more than');
  await expect(unpackBytes(gzipSync(tar).subarray(0, 60))).rejects.toThrow('cannot be unpacked');
  await expect(unpackBytes(tar.subarray(0, 600))).rejects.toThrow('cannot be unpacked');
  await expect(unpackBytes(Buffer.from('FROM scratch'))).rejects.toThrow('is not an archive');
});

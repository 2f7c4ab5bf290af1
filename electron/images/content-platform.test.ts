import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { elfHeader, elfIdentities } from '../system/elf.ts';
import { contentPlatform } from './content-platform.ts';
import { ImageStore } from './image-store.ts';
import type { ImageConfig } from './manifest.ts';
import { platform } from './testing/sample-image.ts';

let folder: string;
let store: ImageStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-programs-'));
  store = await ImageStore.open(join(folder, 'images'));
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

/** A program for an architecture: its header and some more. */
function program(architecture: string, flags = 0): Buffer {
  const header = elfHeader(elfIdentities[architecture] ?? expect.fail(architecture), 3);
  header.writeUInt32LE(flags, 36);
  return Buffer.concat([header, randomBytes(100_000)]);
}

/** By path: `arm64` is a program, `-> x` a symbolic link, `= x` a hard link, anything else a script. */
type Files = Readonly<Record<string, string>>;

async function layerOf(files: Files): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) {
    const [, kind, linkname = ''] = /^(->|=) (.*)$/.exec(content) ?? [];
    if (kind) {
      archive.entry({ name, type: kind === '=' ? 'link' : 'symlink', linkname });
    } else {
      const [architecture = '', flags] = content.split(' ');
      const isProgram = architecture in elfIdentities;
      archive.entry(
        { name, mode: 0o755 },
        isProgram ? program(architecture, Number(flags ?? 0)) : Buffer.from(content),
      );
    }
  }
  archive.finalize();
  return buffer(archive);
}

async function check(
  name: string,
  layers: readonly Files[],
  config: ImageConfig['config'] = {},
  compress: (tar: Buffer) => Buffer = gzipSync,
) {
  const programs = [];
  for (const files of layers) {
    programs.push(await store.programs.read(await store.blobs.put(compress(await layerOf(files)))));
  }
  const { foreign, isProven } = contentPlatform(programs, { os: 'linux', architecture: 'x', config }, platform(name));
  return foreign ? `${foreign.path} ${foreign.platform}` : isProven;
}

const busybox = (architecture: string): Files => ({ './bin/busybox': architecture, 'bin/sh': '-> busybox' });

describe('an image is for another platform', () => {
  test.each<[string, string, readonly Files[], ImageConfig['config'], string]>([
    ['its shell is', 'linux/arm64', [busybox('amd64')], {}, '/bin/busybox linux/amd64'],
    [
      'its shell is, behind links of folders',
      'linux/arm64',
      [{ bin: '-> usr/bin', 'usr/bin/sh': '-> /usr/bin/dash', 'usr/bin/dash': 'riscv64' }],
      {},
      '/usr/bin/dash linux/riscv64',
    ],
    [
      'its shell is a hard link',
      'linux/s390x',
      [{ 'bin/[': 'ppc64le', 'bin/sh': '= bin/[' }],
      {},
      '/bin/[ linux/ppc64le',
    ],
    [
      'the program that it starts is',
      'linux/arm64',
      [busybox('arm64'), { 'app/server': 'amd64' }],
      { Entrypoint: ['/app/server', '--port', '80'] },
      '/app/server linux/amd64',
    ],
    [
      'the program that it starts is, found by PATH',
      'linux/amd64',
      [busybox('amd64'), { 'opt/tool/bin/run': 'arm64' }],
      { Cmd: ['run'], Env: ['A=1', 'PATH=/bin:/opt/tool/bin'] },
      '/opt/tool/bin/run linux/arm64',
    ],
    [
      'the program that it starts is, below its folder',
      'linux/amd64',
      [busybox('amd64'), { 'app/run': 'arm64' }],
      { Cmd: ['./run'], WorkingDir: '/app' },
      '/app/run linux/arm64',
    ],
    ['all that it has is', 'linux/amd64', [{ 'lib/x.so.1': 'arm64' }], {}, '/lib/x.so.1 linux/arm64'],
    [
      'a later layer replaces its shell',
      'linux/amd64',
      [busybox('amd64'), busybox('arm')],
      {},
      '/bin/busybox linux/arm/v7',
    ],
    ['its shell is for the predecessor', 'linux/amd64', [busybox('386')], {}, '/bin/busybox linux/386'],
    ['ARMv5 cannot run it', 'linux/arm/v5', [busybox('arm 1024')], {}, '/bin/busybox linux/arm/v6'],
  ])('if %s', async (_, name, layers, config, expected) => {
    expect(await check(name, layers, config)).toBe(expected);
  });
});

describe('an image may be for the platform', () => {
  test.each<[string, string, readonly Files[], ImageConfig['config'], boolean]>([
    ['with its shell', 'linux/arm64', [busybox('arm64')], {}, true],
    ['with its variant', 'linux/amd64/v3', [busybox('amd64')], {}, true],
    ['with hard-float programs', 'linux/arm/v6', [busybox('arm 1024')], {}, true],
    ['with soft-float programs', 'linux/arm/v5', [busybox('arm')], {}, true],
    ['with other programs among its files', 'linux/arm64', [busybox('arm64'), { 'opt/qemu': 'amd64' }], {}, false],
    [
      'where a later layer replaces a shell for another one',
      'linux/amd64',
      [busybox('arm64'), { 'bin/.wh.busybox': '', 'bin/sh': 'amd64' }],
      {},
      false,
    ],
    [
      'where a later layer empties the folder of other programs',
      'linux/amd64',
      [busybox('arm64'), { 'bin/.wh..wh..opq': '', 'usr/bin/x': 'amd64' }],
      {},
      false,
    ],
    [
      'where it starts a program for the predecessor',
      'linux/amd64',
      [busybox('amd64'), { 'steam/run': '386' }],
      { Entrypoint: ['/steam/run'] },
      false,
    ],
    ['without programs', 'linux/arm64', [{ 'etc/passwd': 'root', 'run.sh': '#!/bin/sh' }], { Cmd: ['/run.sh'] }, false],
    ['with links in a circle', 'linux/arm64', [{ 'bin/sh': '-> ../bin/a', 'bin/a': '-> sh' }], {}, false],
  ])('%s', async (_, name, layers, config, isProven) => {
    expect(await check(name, layers, config)).toBe(isProven);
  });

  test('with layers that are not compressed', async () => {
    expect(await check('linux/arm64', [busybox('amd64')], {}, (tar) => tar)).toBe('/bin/busybox linux/amd64');
  });

  test('with layers that cannot be read, if nothing that is found says otherwise', async () => {
    const damage = (tar: Buffer): Buffer => gzipSync(tar).subarray(0, -90_000);
    expect(await check('linux/amd64', [{ 'lib/x.so.1': 'arm64', 'lib/y.so.1': 'arm64' }], {}, damage)).toBe(false);
    expect(await check('linux/amd64', [busybox('amd64')], {}, () => randomBytes(2000))).toBe(false);
  });
});

test('what is known of a layer is private, and is removed with its blob', async () => {
  const digest = await store.blobs.put(gzipSync(await layerOf(busybox('amd64'))));
  const first = await store.programs.read(digest);
  const path = store.blobs.programsPathOf(digest);
  expect((await stat(path)).mode & 0o077).toBe(0);
  expect(await store.programs.read(digest)).toEqual(first);
  await store.blobs.remove(digest);
  expect(await readdir(`${store.folder}.programs`)).toEqual([]);
});

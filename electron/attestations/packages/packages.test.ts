import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Package } from '../../../shared/packages.ts';
import { parseApkInstalled } from './apk.ts';
import { parseCopyright } from './debian-copyright.ts';
import { parseDpkgStatus } from './dpkg.ts';
import { parseModules, readGoPackages } from './go-build-info.ts';
import { parsePackageJson } from './npm.ts';
import { parseOsRelease } from './os-release.ts';
import { parsePythonMetadata } from './python.ts';
import { parseRpmHeader, readRpmDatabase } from './rpm.ts';
import { readBerkeleyDb } from './rpm-bdb.ts';

const status = '/var/lib/dpkg/status';

test.runIf(existsSync(status))('the packages of this computer are those that dpkg-query shows', async () => {
  const format = `\${db:Status-Status}\t\${Package}\t\${Version}\t\${Architecture}\t\${source:Package}\t\${source:Version}\n`;
  const { stdout } = await promisify(execFile)('dpkg-query', ['-W', '-f', format], { maxBuffer: 64 * 1024 * 1024 });
  const shown = stdout
    .split('\n')
    .filter((line) => line.startsWith('installed\t') || line.startsWith('triggers-'))
    .map((line) => line.split('\t').slice(1).join('\t'));
  const found = parseDpkgStatus(await readFile(status, 'utf8')).map(
    ({ name, version, architecture, source }) =>
      `${name}\t${version}\t${architecture}\t${source?.name ?? name}\t${source?.version ?? version}`,
  );
  expect(found.sort()).toEqual(shown.sort());
});

test('packages of dpkg that were removed are left out, and files of status.d need no state', () => {
  const text = `Package: gone
Status: deinstall ok config-files
Version: 1

Package: base-files
Version: 12.4+deb12u5
Architecture: amd64
Maintainer: Santiago Vila <sanvila@debian.org>
Description: base
 A line that is a part: of the field above
`;
  expect(parseDpkgStatus(text)).toEqual([
    {
      kind: 'deb',
      name: 'base-files',
      version: '12.4+deb12u5',
      architecture: 'amd64',
      supplier: 'Santiago Vila <sanvila@debian.org>',
    },
  ]);
});

test('packages of Alpine have their licence and origin, and the lines of their files are not fields', () => {
  const text = `C:Q1hdUpqRv5mYgJEqW52UmVsvmeysM=
P:musl
V:1.2.4_git20230717-r4
A:x86_64
S:407278
I:667648
T:the musl c library (libc) implementation
U:https://musl.libc.org/
L:MIT
o:musl
m:Timo Teräs <timo.teras@iki.fi>
t:1700258206
c:ca7f2ab5e88794e4e654b40776f8a92256f50639
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1LvQGMhtHvIkOnTYyKhQx2MVN1kI=

C:Q1Zn
P:ssl_client
V:1.36.1-r15
A:x86_64
L:GPL-2.0-only
o:busybox
`;
  expect(parseApkInstalled(text)).toEqual([
    {
      kind: 'apk',
      name: 'musl',
      version: '1.2.4_git20230717-r4',
      architecture: 'x86_64',
      licence: 'MIT',
      supplier: 'Timo Teräs <timo.teras@iki.fi>',
      homepage: 'https://musl.libc.org/',
    },
    {
      kind: 'apk',
      name: 'ssl_client',
      version: '1.36.1-r15',
      architecture: 'x86_64',
      licence: 'GPL-2.0-only',
      source: { name: 'busybox' },
    },
  ]);
});

/** Made by rpm 4.18 with two packages of one source package, and read back with `rpm -qa`. */
const rpmDatabase = join(import.meta.dirname, '..', 'testing', 'rpmdb.sqlite.gz');

test('packages of rpm are read from its SQLite database', async () => {
  const packages = readRpmDatabase(gunzipSync(await readFile(rpmDatabase)));
  const common = { kind: 'rpm', version: '2:1.4-3.el9', supplier: 'Example', homepage: 'https://demo.example.com' };
  const source = { name: 'demo', version: '1.4-3.el9' };
  expect(packages).toHaveLength(2);
  expect(packages).toEqual(
    expect.arrayContaining([
      { ...common, name: 'demo', architecture: 'x86_64', licence: 'MIT AND Apache-2.0', source },
      { ...common, name: 'demo-libs', architecture: 'noarch', licence: 'Public Domain', source },
    ]),
  );
});

/** The same headers as rpm 4.18 writes them into SQLite, loaded with `db5.3_load`, and the answer of `rpm -qa` about them. */
const olderDatabase = join(import.meta.dirname, '..', 'testing', 'rpm-packages.bdb.gz');
const shownByRpm = [
  'alpha 1.1-1.fc40 x86_64 MIT',
  'beta-libs 3:1.2-2.fc40 x86_64 GPL-2.0-or-later AND (LGPL-2.1-only OR Zlib)',
  'gamma 1.3-3.fc40 noarch GPL-2.0-or-later AND (LGPL-2.1-only OR Zlib)',
];
const shown = (packages: readonly Package[]) =>
  packages.map(({ name, version, architecture, licence }) => [name, version, architecture, licence].join(' '));

/** A database of ndb with these headers. */
function ndb(headers: readonly Buffer[]): Buffer {
  const slots = Buffer.alloc(4096);
  for (let at = 32; at < slots.length; at += 16) {
    slots.write('Slot', at);
  }
  slots.write('RpmP', 0);
  slots.writeUInt32LE(1, 12);
  const blobs: Buffer[] = [];
  let block = 4096 / 16;
  for (const [index, header] of headers.entries()) {
    const blob = Buffer.alloc(Math.ceil((header.length + 28) / 16) * 16);
    blob.write('BlbS', 0);
    blob.writeUInt32LE(index + 1, 4);
    blob.writeUInt32LE(header.length, 12);
    header.copy(blob, 16);
    blobs.push(blob);
    slots.writeUInt32LE(index + 1, 32 + 16 * index + 4);
    slots.writeUInt32LE(block, 32 + 16 * index + 8);
    slots.writeUInt32LE(blob.length / 16, 32 + 16 * index + 12);
    block += blob.length / 16;
  }
  return Buffer.concat([slots, ...blobs]);
}

test('packages of rpm are read from Berkeley DB and from ndb', async () => {
  const older = gunzipSync(await readFile(olderDatabase));
  expect(shown(readRpmDatabase(older, 'Packages')).sort()).toEqual(shownByRpm);
  const headers = [...readBerkeleyDb(older)].filter((header) => header.length > 8);
  expect(shown(readRpmDatabase(ndb(headers), 'Packages.db')).sort()).toEqual(shownByRpm);
});

test('databases of rpm that are none, cut off or damaged anywhere end', async () => {
  const databases = {
    'rpmdb.sqlite': gunzipSync(await readFile(rpmDatabase)),
    Packages: gunzipSync(await readFile(olderDatabase)),
    'Packages.db': ndb([...readBerkeleyDb(gunzipSync(await readFile(olderDatabase)))]),
  };
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (const [name, whole] of Object.entries(databases)) {
    expect(() => readRpmDatabase(Buffer.from('not a database'.repeat(100)), name)).toThrow();
    expect(() => readRpmDatabase(whole.subarray(0, 300), name)).toThrow();
    for (let round = 0; round < 300; round += 1) {
      const damaged = Buffer.from(whole);
      for (let count = 0; count < 20; count += 1) {
        damaged[random(damaged.length)] = random(256);
      }
      try {
        expect(readRpmDatabase(damaged, name).length).toBeLessThan(100);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
  }
});

test('pages of a database that lead to themselves are damage, not a loop', async () => {
  const sqlite = gunzipSync(await readFile(rpmDatabase));
  const pageBytes = sqlite.readUInt16BE(16);
  for (let page = 1; page < sqlite.length / pageBytes; page += 1) {
    // an inner page whose only child is itself
    const loop = Buffer.from(sqlite);
    loop[page * pageBytes] = 0x05;
    loop.writeUInt16BE(0, page * pageBytes + 3);
    loop.writeUInt32BE(page + 1, page * pageBytes + 8);
    try {
      readRpmDatabase(loop);
    } catch (error) {
      expect(error).toMatchObject({ message: expect.stringMatching(/damaged|no table/) });
    }
  }
  const chain = gunzipSync(await readFile(olderDatabase));
  const overflow = Array.from({ length: chain.length / 4096 }, (_, page) => page).filter(
    (page) => chain[page * 4096 + 25] === 7,
  );
  expect(overflow.length).toBeGreaterThan(0);
  for (const page of overflow) {
    chain.writeUInt32LE(page, page * 4096 + 16);
  }
  expect(() => readRpmDatabase(chain, 'Packages')).toThrow('damaged');
});

test('a header of rpm that lies about its size is read as far as it goes', () => {
  const lying = Buffer.alloc(8 + 16 * 2000 + 100, 0x41);
  lying.writeUInt32BE(0xffffffff, 0);
  for (let index = 0; index < 2000; index += 1) {
    lying.writeUInt32BE(1000, 8 + 16 * index);
    lying.writeUInt32BE(6, 8 + 16 * index + 4);
    lying.writeUInt32BE(0x7fffffff, 8 + 16 * index + 8);
  }
  expect(parseRpmHeader(lying)).toEqual([]);
  const long = Buffer.alloc(8 + 16 + 1_000_000, 0x41);
  long.writeUInt32BE(1, 0);
  long.writeUInt32BE(1000, 8);
  long.writeUInt32BE(6, 12);
  long.writeUInt32BE(0, 16);
  expect(parseRpmHeader(long)[0]?.name.length).toBeLessThanOrEqual(300);
});

test('licences of Debian are read from copyright files that programs can read', () => {
  const head = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: x\n\n';
  const files = (...licences: string[]) =>
    licences.map((licence) => `Files: *\nCopyright: 2026 A\nLicense: ${licence}\n some text\n`).join('\n');
  expect(parseCopyright(head + files('GPL-2+'))).toBe('GPL-2.0-or-later');
  expect(parseCopyright(head + files('GPL-2+', 'Expat', 'GPL-2+'))).toBe('GPL-2.0-or-later AND MIT');
  expect(parseCopyright(head + files('LGPL-2.1 or Expat', 'BSD-3-clause'))).toBe(
    '(LGPL-2.1-only OR MIT) AND BSD-3-Clause',
  );
  expect(parseCopyright(head + files('GPL-3+', 'public-domain'))).toBe('GPL-3+, public-domain');
  expect(parseCopyright(`${head}${files('Expat')}\nLicense: GPL-2\n the text of a licence\n`)).toBe('MIT');
  expect(parseCopyright('This program was packaged by hand.\nLicense: GPL-2\n')).toBeUndefined();
  expect(parseCopyright(head)).toBeUndefined();
});

test('thousands of the same header of Python take no longer than others', () => {
  const text = `Name: x\nVersion: 1\n${'Classifier: License :: A\n'.repeat(150_000)}`;
  expect(parsePythonMetadata(text)).toHaveLength(1);
});

test('a package.json is a package if it has a name and a version', () => {
  expect(
    parsePackageJson(
      JSON.stringify({ name: '@a/b', version: '1.0.0', license: { type: 'MIT' }, author: { name: 'A' }, homepage: 5 }),
    ),
  ).toEqual([{ kind: 'npm', name: '@a/b', version: '1.0.0', licence: 'MIT', supplier: 'A' }]);
  expect(parsePackageJson(JSON.stringify({ name: 'b', version: '1', licenses: ['MIT', { type: 'ISC' }] }))).toEqual([
    { kind: 'npm', name: 'b', version: '1', licence: '(MIT OR ISC)' },
  ]);
  for (const text of ['{"type":"module"}', '{', '[]', 'null', '{"name":"../x","version":"1"}']) {
    expect(parsePackageJson(text)).toEqual([]);
  }
});

test('metadata of Python ends where the description begins', () => {
  const text =
    'Metadata-Version: 2.1\r\nName: requests\r\nVersion: 2.32.3\r\nLicense: UNKNOWN\r\nClassifier: License :: OSI Approved :: Apache Software License\r\n\r\nName: not-this\r\n';
  expect(parsePythonMetadata(text)).toEqual([
    { kind: 'pypi', name: 'requests', version: '2.32.3', licence: 'Apache-2.0' },
  ]);
  expect(parsePythonMetadata('Metadata-Version: 2.4\nName: x\nVersion: 1\nLicense-Expression: MIT OR ISC\n')).toEqual([
    { kind: 'pypi', name: 'x', version: '1', licence: 'MIT OR ISC' },
  ]);
});

test('os-release may quote its values', () => {
  expect(parseOsRelease('ID=debian\nVERSION_ID="12"\n# no\nPRETTY_NAME=\'Debian 12\'\nbad line\n')).toEqual({
    ID: 'debian',
    VERSION_ID: '12',
    PRETTY_NAME: 'Debian 12',
  });
});

const goMarker = Buffer.alloc(16, 0x41).toString('latin1');
const goModules =
  'path\texample.com/app\nmod\texample.com/app\t(devel)\t\ndep\tgolang.org/x/sys\tv0.20.0\th1:abc=\ndep\texample.com/old\tv1.0.0\n=>\texample.com/fork\tv1.1.0\th1:def=\nbuild\tCGO_ENABLED=0\n';
const goPackages = [
  { kind: 'golang', name: 'stdlib', version: '1.22.3' },
  { kind: 'golang', name: 'example.com/app' },
  { kind: 'golang', name: 'golang.org/x/sys', version: 'v0.20.0' },
  { kind: 'golang', name: 'example.com/fork', version: 'v1.1.0' },
];

/** A program of 64 bit with one segment for its data, at the address 0x400000, and no sections. */
function goProgram(data: Buffer): Buffer {
  const header = Buffer.alloc(64 + 56 + 8);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt16LE(64, 58);
  header.writeUInt32LE(1, 64);
  header.writeUInt32LE(6, 68);
  header.writeBigUInt64LE(BigInt(header.length), 72);
  header.writeBigUInt64LE(0x400000n, 80);
  header.writeBigUInt64LE(BigInt(data.length), 96);
  return Buffer.concat([header, data]);
}

function inMemory(bytes: Buffer) {
  return { read: async (offset: number, length: number) => bytes.subarray(offset, offset + length) };
}

function text(content: string): Buffer {
  const bytes = Buffer.from(content, 'latin1');
  const length: number[] = [];
  let rest = bytes.length;
  do {
    length.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
    rest >>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from(length), bytes]);
}

test('modules of Go are read from programs since Go 1.18', async () => {
  const info = Buffer.alloc(32);
  info.write('\xff Go buildinf:', 'latin1');
  info[15] = 2;
  const modules = `${goMarker}${goModules}${goMarker}`;
  const program = goProgram(Buffer.concat([Buffer.alloc(48), info, text('go1.22.3'), text(modules)]));
  expect(await readGoPackages(inMemory(program))).toEqual(goPackages);
});

test('modules of Go are read through pointers from older programs', async () => {
  const modules = Buffer.from(`${goMarker}${goModules}${goMarker}`, 'latin1');
  const data = Buffer.alloc(256 + modules.length);
  data.write('\xff Go buildinf:', 32, 'latin1');
  data[32 + 14] = 8;
  const base = 0x400000n;
  data.writeBigUInt64LE(base + 96n, 48);
  data.writeBigUInt64LE(base + 112n, 56);
  data.writeBigUInt64LE(base + 128n, 96);
  data.writeBigUInt64LE(8n, 104);
  data.writeBigUInt64LE(base + 256n, 112);
  data.writeBigUInt64LE(BigInt(modules.length), 120);
  data.write('go1.22.3', 128, 'latin1');
  modules.copy(data, 256);
  expect(await readGoPackages(inMemory(goProgram(data)))).toEqual(goPackages);
});

/** The compiler of TypeScript is a program of Go. */
const compiler = join('node_modules', '@typescript', `typescript-${process.platform}-${process.arch}`, 'lib', 'tsc');

test.runIf(existsSync(compiler))('modules of Go are read from a real program', async () => {
  const packages = await readGoPackages(inMemory(await readFile(compiler)));
  expect(packages).toEqual(
    expect.arrayContaining([
      { kind: 'golang', name: 'stdlib', version: expect.stringMatching(/^1\.\d+/) },
      { kind: 'golang', name: 'github.com/microsoft/typescript-go', version: expect.stringMatching(/^v/) },
      { kind: 'golang', name: 'golang.org/x/sync', version: expect.stringMatching(/^v/) },
    ]),
  );
});

test('other programs and damaged ones have no modules', async () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('#!/bin/sh\n'.repeat(100)), goProgram(Buffer.alloc(4096))]) {
    expect(await readGoPackages(inMemory(bytes))).toBeUndefined();
  }
  const huge = Buffer.alloc(64);
  huge.write('\xff Go buildinf:', 'latin1');
  huge[15] = 2;
  huge.fill(0xff, 32);
  expect(await readGoPackages(inMemory(goProgram(huge)))).toBeUndefined();
  expect(parseModules('devel', '')).toEqual([]);
});

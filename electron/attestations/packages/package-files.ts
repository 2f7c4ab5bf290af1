/** Which files of an image name packages, and how each is read. */

import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Package } from '../../../shared/packages.ts';
import type { LayerFile } from '../../images/layer-reader.ts';
import { parseApkInstalled } from './apk.ts';
import { parseCopyright } from './debian-copyright.ts';
import { parseDpkgStatus } from './dpkg.ts';
import { readGoPackages } from './go-build-info.ts';
import { parsePackageJson } from './npm.ts';
import { parseOsRelease } from './os-release.ts';
import type { Found } from './package.ts';
import { parsePythonMetadata } from './python.ts';
import { readRpmDatabase } from './rpm.ts';

const MiB = 1024 * 1024;

interface FileKind {
  readonly pattern: RegExp;
  readonly maxBytes: number;
  /** @throws Error why it cannot be read */
  readonly read: (content: Buffer) => Found | Promise<Found>;
}

function text(parse: (text: string) => readonly Package[]): FileKind['read'] {
  return (content) => ({ packages: parse(content.toString('utf8')) });
}

/** The first group is the package. */
export const copyrightPath = /^usr\/share\/doc\/([^/]+)\/copyright$/;
const rpmFolder = '^(?:var/lib/rpm|usr/lib/sysimage/rpm|usr/share/rpm)/';

/** Each file is of the first kind that its path matches. */
const kinds: readonly FileKind[] = [
  { pattern: /^var\/lib\/dpkg\/status$/, maxBytes: 64 * MiB, read: text(parseDpkgStatus) },
  { pattern: /^var\/lib\/dpkg\/status\.d\/[^/]+(?<!\.md5sums)$/, maxBytes: MiB, read: text(parseDpkgStatus) },
  {
    pattern: copyrightPath,
    maxBytes: 4 * MiB,
    read: (content) => ({ packages: [], licence: parseCopyright(content.toString('utf8')) }),
  },
  { pattern: /^(?:usr\/)?lib\/apk\/db\/installed$/, maxBytes: 64 * MiB, read: text(parseApkInstalled) },
  ...['rpmdb.sqlite', 'Packages.db', 'Packages'].map(
    (name): FileKind => ({
      pattern: new RegExp(`${rpmFolder}${name.replace('.', '\\.')}$`),
      maxBytes: 256 * MiB,
      read: (content) => ({ packages: readRpmDatabase(content, name) }),
    }),
  ),
  {
    pattern: new RegExp(`${rpmFolder}rpmdb\\.sqlite-wal$`),
    maxBytes: 0,
    read: () => ({ packages: [] }),
  },
  {
    pattern: /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@][^/]*\/package\.json$/,
    maxBytes: 2 * MiB,
    read: text(parsePackageJson),
  },
  {
    pattern: /\.(?:dist-info\/METADATA|egg-info\/PKG-INFO|egg-info)$/,
    maxBytes: 4 * MiB,
    read: text(parsePythonMetadata),
  },
  {
    pattern: /^(?:etc|usr\/lib)\/os-release$/,
    maxBytes: MiB,
    read: (content) => ({ packages: [], system: parseOsRelease(content.toString('utf8')) }),
  },
];

/** No program of Go is smaller. */
const minGoBytes = 512 * 1024;
const maxGoBytes = 4 * 1024 ** 3;

/**
 * What a file says of packages. Undefined if it is none of those that do.
 * @param scratchFolder for the content of a program while it is searched
 */
export async function readPackageFile(file: LayerFile, scratchFolder: string): Promise<Found | undefined> {
  const kind = kinds.find(({ pattern }) => pattern.test(file.path));
  if (!kind) {
    return file.isExecutable && file.size >= minGoBytes ? readProgram(file, scratchFolder) : undefined;
  }
  if (file.size > kind.maxBytes) {
    return {
      packages: [],
      problem:
        kind.maxBytes === 0
          ? 'changes that rpm has not yet joined with its database'
          : `it is larger than ${kind.maxBytes} bytes`,
    };
  }
  try {
    return await kind.read(await readWhole(file));
  } catch (error) {
    return { packages: [], problem: error instanceof Error ? error.message : String(error) };
  }
}

async function readWhole({ content }: LayerFile): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Programs are written to a file, because their parts are read in any order. */
async function readProgram({ content, size }: LayerFile, scratchFolder: string): Promise<Found | undefined> {
  const iterator = content[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done || first.value.length < 4 || first.value.readUInt32BE(0) !== 0x7f454c46 || size > maxGoBytes) {
    return undefined;
  }
  const path = join(scratchFolder, `program-${randomUUID()}`);
  const handle = await open(path, 'wx+', 0o600);
  try {
    for (let next: IteratorResult<Buffer> = first; !next.done; next = await iterator.next()) {
      await handle.appendFile(next.value);
    }
    const packages = await readGoPackages({
      read: async (offset, length) => {
        if (!Number.isSafeInteger(offset) || offset >= size) {
          return Buffer.alloc(0);
        }
        const buffer = Buffer.alloc(Math.min(length, size - offset));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
        return buffer.subarray(0, bytesRead);
      },
    });
    return packages && { packages };
  } finally {
    await handle.close();
    await rm(path, { force: true });
  }
}

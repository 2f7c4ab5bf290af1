import { link, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ContextFile } from './context-source.ts';
import { type PackedContext, packContext } from './pack-context.ts';
import { createProject, temporaryFolder } from './testing/project.ts';

async function pack(context: string): Promise<PackedContext> {
  const packed = await packContext({ context, spoolFolder: await temporaryFolder() });
  onTestFinished(() => packed.close());
  return packed;
}

/** What one entry of a tar or of the list of files says, and its content. */
interface Seen {
  readonly path: string;
  readonly kind: string;
  readonly mode: number;
  readonly seconds: number;
  readonly target: string | undefined;
  readonly content: string;
}

const kinds: Readonly<Record<string, string>> = {
  directory: 'folder',
  file: 'file',
  symlink: 'symlink',
  link: 'hardlink',
};

async function readTar(tar: Readable): Promise<Seen[]> {
  const seen: Seen[] = [];
  for await (const entry of tar.pipe(extract())) {
    const { name, type, mode = 0, mtime, linkname } = entry.header;
    const chunks: Buffer[] = [];
    for await (const chunk of entry) {
      chunks.push(Buffer.isBuffer(chunk) ? chunk : expect.fail('not a buffer'));
    }
    const content = Buffer.concat(chunks).toString('base64');
    const seconds = Math.floor((mtime?.getTime() ?? 0) / 1000);
    const path = name.replace(/\/$/, '');
    seen.push({ path, kind: kinds[type ?? ''] ?? '', mode, seconds, target: linkname ?? undefined, content });
  }
  return seen;
}

async function readFiles(packed: PackedContext): Promise<Seen[]> {
  const source = packed.source();
  const seen: Seen[] = [];
  for await (const file of source.files()) {
    const content = file.kind === 'file' ? (await buffer(source.open(file.path))).toString('base64') : '';
    const { path, kind, mode, modifiedMs } = file;
    seen.push({ path, kind, mode, seconds: Math.floor(modifiedMs / 1000), target: targetOf(file), content });
  }
  return seen;
}

function targetOf(file: ContextFile): string | undefined {
  return file.kind === 'symlink' || file.kind === 'hardlink' ? file.target : undefined;
}

/** A linear congruential generator: the same numbers for the same seed. @returns a number from 0 to below `limit` */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * limit);
  };
}

async function createRandomProject(seed: number): Promise<string> {
  const next = randomNumbers(seed);
  const pick = (choices: readonly string[]): string => choices[next(choices.length)] ?? '';
  // a path of more than 100 bytes takes a second header in a tar
  const names = ['a', 'b', 'c.txt', 'node_modules', 'ü', 'x'.repeat(120)];
  const sizes = [0, 1, 511, 512, 513, 70_000, 300_000, 700_000];
  const files: Record<string, string | Buffer> = { Containerfile: 'FROM scratch\n' };
  const taken = new Set<string>();
  for (let count = next(30); count > 0; count--) {
    const folders = Array.from({ length: next(4) }, () => pick(['d', 'e', 'node_modules']));
    const path = [...folders, `${pick(names)}${next(5)}`].join('/');
    const isFree = folders.every((_, depth) => !(folders.slice(0, depth + 1).join('/') in files));
    if (isFree && !taken.has(path)) {
      files[path] =
        next(6) === 0 ? `->${pick(names)}` : Buffer.alloc(sizes[next(sizes.length)] ?? 0, `${seed} ${path}`);
      for (let depth = 1; depth <= folders.length; depth++) {
        taken.add(folders.slice(0, depth).join('/'));
      }
    }
  }
  const patterns = Array.from({ length: next(4) }, () => pick(['a*', '**/b1', '!**/b1', 'd', '!d/e', 'node_modules']));
  files['.containerignore'] = patterns.join('\n');
  const root = await createProject(files);
  const [first] = Object.entries(files).filter(([, content]) => Buffer.isBuffer(content));
  if (first && next(2) === 0) {
    await link(join(root, first[0]), join(root, 'zz-other-name'));
  }
  return root;
}

describe('the files of a context', () => {
  it('are those of the tar, with the same content, for any tree and ignore file', async () => {
    const kindsSeen = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) {
      const packed = await pack(await createRandomProject(seed));
      const [files, tar] = await Promise.all([readFiles(packed), readTar(packed.source().tar())]);
      expect(files).toEqual(tar);
      files.map(({ kind }) => kindsSeen.add(kind));
    }
    expect([...kindsSeen].sort()).toEqual(['file', 'folder', 'hardlink', 'symlink']);
  });

  it('can be opened before they are packed, and again afterwards, in any order', async () => {
    const large = Buffer.alloc(2_000_000, 'x');
    const packed = await pack(await createProject({ Containerfile: 'FROM scratch', 'a/large': large, last: 'small' }));
    const source = packed.source();
    const early = await Promise.all([buffer(source.open('last')), buffer(source.open('a/large'))]);
    await packed.done;
    const late = await Promise.all([buffer(source.open('last')), buffer(source.open('a/large'))]);
    for (const [small, big] of [early, late]) {
      expect(small?.toString()).toBe('small');
      expect(big?.equals(large)).toBe(true);
    }
  });

  it('are what was packed, whatever happens to the project afterwards', async () => {
    const root = await createProject({ Containerfile: 'FROM scratch', f: 'before' });
    await link(join(root, 'f'), join(root, 'g'));
    const packed = await pack(root);
    await packed.done;
    await writeFile(join(root, 'f'), 'after');
    const source = packed.source();
    expect((await buffer(source.open('f'))).toString()).toBe('before');
    expect((await buffer(source.open('g'))).toString()).toBe('before');
  });

  it.each(['missing', 'd', 's', '../f', '/etc/passwd', 'ignored'])('do not include %s', async (path) => {
    const root = await createProject({
      Containerfile: 'FROM scratch',
      'd/f': 'x',
      s: '->d/f',
      ignored: 'secret',
      '.containerignore': 'ignored',
    });
    const reading = buffer((await pack(root)).source().open(path));
    await expect(reading).rejects.toMatchObject({ problem: { code: 'context.unreadable' } });
  });

  it('fail with the reason if packing fails', async () => {
    const root = await createProject({ Containerfile: 'FROM scratch', f: 'x' });
    const stop = new AbortController();
    const packed = await packContext({ context: root, spoolFolder: await temporaryFolder(), signal: stop.signal });
    stop.abort();
    const failure = await packed.done.catch((error: unknown) => error);
    await expect(buffer(packed.source().open('f'))).rejects.toBe(failure);
    await expect(readFiles(packed)).rejects.toBe(failure);
    await packed.close();
  });

  it('count the bytes that are read', async () => {
    const packed = await pack(await createProject({ Containerfile: 'FROM scratch', f: 'x'.repeat(1000) }));
    let bytes = 0;
    const source = packed.source((count) => {
      bytes += count;
    });
    await buffer(source.open('f'));
    expect(bytes).toBe(1000);
    await buffer(source.tar());
    expect(bytes).toBe(1000 + ((await packed.done).tarBytes ?? 0));
  });
});

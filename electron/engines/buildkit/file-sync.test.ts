import { link, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type PackedContext, packContext } from '../../context/pack-context.ts';
import { createProject, temporaryFolder } from '../../context/testing/project.ts';
import { isContentOf, type ReceivedFile, receiveFiles } from './testing/receive-files.ts';

async function pack(context: string): Promise<PackedContext> {
  const packed = await packContext({ context, spoolFolder: await temporaryFolder() });
  onTestFinished(() => packed.close());
  return packed;
}

/** What one path is, as a tar and file sync tell it. The content of a hard link is that of its file. */
interface Seen {
  readonly mode: number;
  readonly seconds: number;
  readonly target: string;
  readonly content: string;
}

/** The types of a tar as bits of Go's mode. */
const typeBits: Readonly<Record<string, number>> = { directory: 2 ** 31, symlink: 2 ** 27 };

async function readTar(tar: Readable): Promise<Record<string, Seen>> {
  const seen: Record<string, Seen> = {};
  for await (const entry of tar.pipe(extract())) {
    const { name, type, mode = 0, mtime, linkname } = entry.header;
    const content = (await buffer(entry)).toString('base64');
    const path = name.replace(/\/$/, '');
    if (path !== '.') {
      seen[path] = {
        mode: (type === 'symlink' ? 0o777 : mode) + (typeBits[type ?? ''] ?? 0),
        seconds: Math.floor((mtime?.getTime() ?? 0) / 1000),
        target: type === 'symlink' ? (linkname ?? '') : '',
        content: type === 'link' ? (seen[linkname ?? '']?.content ?? 'no such file') : content,
      };
    }
  }
  return seen;
}

function readReceived(files: readonly ReceivedFile[]): Record<string, Seen> {
  const seen: Record<string, Seen> = {};
  for (const { stat, content } of files) {
    const isSymlink = stat.mode >= 2 ** 27 && stat.mode < 2 ** 31;
    seen[stat.path] = {
      mode: stat.mode,
      seconds: Number(stat.modTime / 1_000_000_000n),
      target: isSymlink ? stat.linkname : '',
      content:
        isSymlink || stat.linkname === ''
          ? (content ?? Buffer.alloc(0)).toString('base64')
          : (seen[stat.linkname]?.content ?? 'no such file'),
    };
  }
  return seen;
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
  // names whose order depends on how they are compared
  const names = ['a', 'a-b', 'a.b', 'b', 'ü', '\u{1F600}', '\uFF5E', 'x'.repeat(120)];
  const sizes = [0, 1, 511, 512, 513, 70_000, 700_000];
  const files: Record<string, string | Buffer> = { Containerfile: 'FROM scratch\n' };
  const folders = new Set<string>();
  for (let count = next(40); count > 0; count--) {
    const above = Array.from({ length: next(4) }, () => pick(['a', 'a-b', 'd']));
    const paths = above.map((_, depth) => above.slice(0, depth + 1).join('/'));
    const path = [...above, `${pick(names)}${next(3)}`].join('/');
    if (!paths.some((folder) => folder in files) && !folders.has(path)) {
      files[path] =
        next(6) === 0 ? `->${pick(names)}` : Buffer.alloc(sizes[next(sizes.length)] ?? 0, `${seed} ${path}`);
      for (const folder of paths) {
        folders.add(folder);
      }
    }
  }
  files['.dockerignore'] = Array.from({ length: next(4) }, () => pick(['a*', '**/b1', '!**/b1', 'd', '!d/a'])).join(
    '\n',
  );
  const root = await createProject(files);
  for (const [path, content] of Object.entries(files)) {
    if (Buffer.isBuffer(content) && next(5) === 0) {
      await link(join(root, path), join(root, pick(['', '0', 'zz']) + path.replaceAll('/', '-') + next(1000)));
    }
  }
  return root;
}

/** The order of fsutil: by the bytes of the names of each folder. */
function isInOrder(paths: readonly string[]): boolean {
  const parts = paths.map((path) => path.split('/').map((name) => Buffer.from(name)));
  return parts.every((path, index) => {
    const before = parts[index - 1] ?? [];
    const depth = path.findIndex((name, at) => Buffer.compare(name, before[at] ?? Buffer.alloc(0)) !== 0);
    return (
      index === 0 ||
      (depth >= 0 && Buffer.compare(path[depth] ?? Buffer.alloc(0), before[depth] ?? Buffer.alloc(0)) > 0)
    );
  });
}

describe('file sync', () => {
  test('sends the files of the tar in the order that BuildKit demands, for any tree and ignore file', async () => {
    for (let seed = 1; seed <= 15; seed++) {
      const packed = await pack(await createRandomProject(seed));
      const [files, tar] = await Promise.all([receiveFiles(packed.source()), readTar(packed.source().tar())]);
      expect(readReceived(files), `seed ${seed}`).toEqual(tar);
      expect(isInOrder(files.map(({ stat }) => stat.path)), `seed ${seed}`).toBe(true);
    }
  });

  test('sends only the content that is asked for', async () => {
    const packed = await pack(
      await createProject({
        Containerfile: 'FROM scratch',
        a: Buffer.alloc(300_000),
        b: 'wanted',
        c: Buffer.alloc(300_000),
      }),
    );
    let bytes = 0;
    const source = packed.source((count) => {
      bytes += count;
    });
    const files = await receiveFiles(source, { wants: (stat) => isContentOf(stat) && stat.path === 'b' });
    expect(files.map(({ stat, content }) => [stat.path, content?.toString()])).toEqual([
      ...[
        ['Containerfile', undefined],
        ['a', undefined],
        ['b', 'wanted'],
        ['c', undefined],
      ],
    ]);
    expect(bytes).toBe(6);
  });

  test.each([
    ['a file', 'one', ['one']],
    ['a path with a slash in front', '/d/x', ['d', 'd/x']],
    ['a folder', 'd', ['d', 'd/x', 'd/y.txt']],
    ['the context', '.', ['.dockerignore', 'Containerfile', 'd', 'd/x', 'd/y.txt', 'l', 'ld', 'loop', 'one']],
    ['names with wildcards', 'd/*.txt', ['d', 'd/y.txt']],
    ['a link and its target', 'l', ['d', 'd/x', 'l']],
    ['what is behind a link to a folder', 'ld/x, ld/y.txt', ['d', 'd/x', 'd/y.txt', 'ld']],
    ['a link to itself', 'loop/x', ['loop']],
    ['a path outside the context', '../../one', ['one']],
    ['nothing', 'missing', []],
  ])('sends only %s where that is all that the builder needs', async (_, followPaths, expected) => {
    const packed = await pack(
      await createProject({
        ...{ Containerfile: 'FROM scratch', '.dockerignore': 'other', one: '1', 'd/x': 'x', 'd/y.txt': 'y' },
        ...{ l: '->d/x', ld: '->/d', loop: '->loop/x', other: 'ignored' },
      }),
    );
    const files = await receiveFiles(packed.source(), { headers: { followpaths: followPaths } });
    expect(files.map(({ stat }) => stat.path)).toEqual(expected);
  });

  test('follows each of many links', async () => {
    const links = Array.from({ length: 300 }, (_, index) => [
      [`links/${index}`, `->../files/${index}`],
      [`files/${index}`, `${index}`],
    ]);
    const packed = await pack(
      await createProject({ Containerfile: 'FROM scratch', other: '', ...Object.fromEntries(links.flat()) }),
    );
    const files = await receiveFiles(packed.source(), { headers: { followpaths: 'links/*' } });
    expect(files.filter(({ content }) => content !== undefined)).toHaveLength(300);
    expect(files).toHaveLength(602);
  });

  test('sends all files where a name could not be told from others in a header', async () => {
    const packed = await pack(await createProject({ Containerfile: 'FROM scratch', 'a, b': '1', c: '2' }));
    const files = await receiveFiles(packed.source(), { headers: { followpaths: 'a, b' } });
    expect(files).toHaveLength(3);
  });

  test('reads names that the builder has encoded', async () => {
    const packed = await pack(await createProject({ Containerfile: 'FROM scratch', 'grün +': '1', c: '2' }));
    const headers = { followpaths: 'gr%C3%BCn+%2B', 'followpaths-encoded': '1' };
    const files = await receiveFiles(packed.source(), { headers });
    expect(files.map(({ stat }) => stat.path)).toEqual(['grün +']);
  });

  test('gives nothing but the context', async () => {
    const packed = await pack(await createProject({ Containerfile: 'FROM scratch' }));
    const asking = receiveFiles(packed.source(), { headers: { 'dir-name': 'home' } });
    await expect(asking).rejects.toThrow('could not be sent');
    const folder = await pack(await createProject({ Containerfile: 'FROM scratch', 'd/x': 'x' }));
    await expect(receiveFiles(folder.source(), { wants: () => true })).rejects.toThrow('could not be sent');
  });

  test('fails with the problem of a context that cannot be read', async () => {
    const root = await createProject({ Containerfile: 'FROM scratch', changing: Buffer.alloc(3_000_000) });
    const packed = await pack(root);
    await writeFile(join(root, 'changing'), 'short');
    await packed.close();
    await expect(receiveFiles(packed.source())).rejects.toMatchObject({ problem: { code: 'build.cancelled' } });
  });
});

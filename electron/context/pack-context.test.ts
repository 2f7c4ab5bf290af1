import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import { chmod, link, readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract, type Header } from 'tar-stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fail } from '../../shared/problem.ts';
import { type ContextOptions, type PackedContext, packContext } from './pack-context.ts';
import { createProject, temporaryFolder } from './testing/project.ts';

const base = { Containerfile: 'FROM scratch\n' };

async function pack(context: string, options: Partial<ContextOptions> = {}): Promise<PackedContext> {
  const packed = await packContext({ context, spoolFolder: await temporaryFolder(), ...options });
  onTestFinished(() => packed.close());
  return packed;
}

async function unpack(tar: Readable): Promise<(Header & { content: string })[]> {
  const entries: (Header & { content: string })[] = [];
  const extractor = extract();
  extractor.on('entry', (header, stream, next) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk) => {
      if (Buffer.isBuffer(chunk)) {
        chunks.push(chunk);
      }
    });
    stream.on('end', () => {
      entries.push({ ...header, content: Buffer.concat(chunks).toString() });
      next();
    });
  });
  for await (const chunk of tar) {
    extractor.write(chunk);
  }
  await new Promise<void>((resolve, reject) => {
    extractor.on('finish', resolve).on('error', reject);
    extractor.end(undefined);
  });
  return entries;
}

describe('a packed context', () => {
  it('contains files, folders and links with their modes and times, but without owners', async () => {
    const root = await createProject({ ...base, 'd/run': 'content', sym: '->d/run' });
    await chmod(join(root, 'd/run'), 0o755);
    await utimes(join(root, 'd/run'), 1_700_000_000, 1_700_000_000);
    await link(join(root, 'd/run'), join(root, 'hard'));
    const entries = await unpack((await pack(root)).source().tar());
    expect(entries.map(({ name, type }) => `${type} ${name}`)).toEqual([
      'file Containerfile',
      'directory d/',
      'file d/run',
      'link hard',
      'symlink sym',
    ]);
    expect(entries[2]).toMatchObject({
      content: 'content',
      mode: 0o755,
      mtime: new Date(1_700_000_000_000),
      uid: 0,
      gid: 0,
      uname: '',
      gname: '',
    });
    expect(entries[3]).toMatchObject({ linkname: 'd/run', size: 0 });
    expect(entries[4]).toMatchObject({ linkname: 'd/run' });
  });

  it('preserves long names, unicode, times before 1970 and after 2038, and mode 0', async () => {
    const deep = Array.from({ length: 5 }, () => 'l'.repeat(60)).join('/');
    const target = 't'.repeat(200);
    const root = await createProject({
      ...base,
      [`${deep}/${'n'.repeat(200)}`]: 'long',
      'ä/漢字😀': 'wide',
      far: `->${target}`,
      old: '',
      new: '',
    });
    await utimes(join(root, 'old'), new Date(-1_000_000), new Date(-1_000_000));
    await utimes(join(root, 'new'), 2 ** 33, 2 ** 33);
    await chmod(join(root, 'ä/漢字😀'), process.getuid?.() === 0 ? 0 : 0o400);
    const entries = new Map((await unpack((await pack(root)).source().tar())).map((entry) => [entry.name, entry]));
    expect(entries.get(`${deep}/${'n'.repeat(200)}`)?.content).toBe('long');
    expect(entries.get('ä/漢字😀')).toMatchObject({ content: 'wide', mode: process.getuid?.() === 0 ? 0 : 0o400 });
    expect(entries.get('far')?.linkname).toBe(target);
    expect(entries.get('old')).toMatchObject({ mtime: new Date(0), pax: { mtime: '-1000' } });
    expect(entries.get('new')).toMatchObject({
      mtime: new Date((2 ** 31 - 1) * 1000),
      pax: { mtime: String(2 ** 33) },
    });
  });

  it('is summarized by its number of files, its size and its digest', async () => {
    const root = await createProject({ ...base, 'd/a': 'a', b: '->d/a' });
    const packed = await pack(root);
    const tar = await buffer(packed.source().tar());
    expect(await packed.done).toEqual({
      files: 3,
      bytes: 'FROM scratch\n'.length + 1,
      tarBytes: tar.length,
      digest: `sha256:${createHash('sha256').update(tar).digest('hex')}`,
    });
    expect((await (await pack(root)).done).digest).toBe((await packed.done).digest);
  });

  it('gives several readers the exact bytes of large and small files', async () => {
    const large = Buffer.from(Array.from({ length: 3_000_001 }, (_, index) => index % 251));
    const small = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`s/${index}`, 'x'.repeat(index * 37)]));
    const root = await createProject({ ...base, ...small, large, edge: Buffer.alloc(256 * 1024, 'e') });
    const packed = await pack(root);
    const [one, two] = await Promise.all([unpack(packed.source().tar()), unpack(packed.source().tar())]);
    expect(two).toEqual(one);
    const contents = new Map(one.map(({ name, content }) => [name, content]));
    expect(contents.get('large') === large.toString()).toBe(true);
    expect(contents.get('edge')).toBe('e'.repeat(256 * 1024));
    expect(Object.keys(small).filter((name) => contents.get(name) !== small[name])).toEqual([]);
  });

  it('reports its progress and its end', async () => {
    const root = await createProject({ ...base, large: Buffer.alloc(2_000_000) });
    const reported: { files: number; bytes: number; tarBytes?: number | undefined }[] = [];
    const packed = await pack(root, { onProgress: (progress) => reported.push(progress) });
    const { files, bytes, tarBytes } = await packed.done;
    expect(reported.length).toBeGreaterThan(3);
    expect(reported.at(-1)).toEqual({ files, bytes, tarBytes });
    expect(reported.map((one) => one.bytes)).toEqual(reported.map((one) => one.bytes).sort((a, b) => a - b));
  });

  it('is recognized by its first block, also if its first file has a long header', async () => {
    const root = await createProject({ ...base, '+漢字': '', zz: '' });
    await utimes(join(root, '+漢字'), 2 ** 33, 2 ** 33);
    const tar = await buffer((await pack(root)).source().tar());
    const [first, ...others] = (await unpack((await pack(root)).source().tar())).map(({ name }) => name);
    expect(first).toBe('./');
    expect(others).toEqual(['+漢字', 'Containerfile', 'zz']);
    expect(tar.subarray(156, 157).toString()).toBe('5'); // the type of a folder
  });

  it('has links that lead out of it as they are, and confined for an engine that refuses them', async () => {
    const long = 'x'.repeat(150);
    const links = {
      a: '->../out',
      'd/b': '->../../../etc/x',
      'd/c': '->../Containerfile',
      'd/e': '->/etc/passwd',
      'd/g': '->/etc/../../../y',
      'd/ü': `->../../${long}`,
      f: '->..',
    };
    const root = await createProject({ ...base, ...links, 'd/large': Buffer.alloc(1_500_000, 'l'), z: 'z' });
    const source = (await pack(root)).source();
    const targets = async (tar: Readable) =>
      Object.fromEntries((await unpack(tar)).flatMap(({ name, linkname }) => (linkname ? [[name, linkname]] : [])));
    expect(await targets(source.tar())).toEqual(
      Object.fromEntries(Object.entries(links).map(([name, target]) => [name, target.slice(2)])),
    );
    expect(await targets(source.tar({ confinesLinks: true }))).toEqual({
      a: '/out',
      'd/b': '/etc/x',
      'd/c': '../Containerfile',
      'd/e': '/etc/passwd',
      'd/g': '/y',
      'd/ü': `/${long}`,
      f: '/',
    });
    const names = async (tar: Readable) => (await unpack(tar)).map(({ name, content }) => name + content.length);
    expect(await names(source.tar({ confinesLinks: true }))).toEqual(await names(source.tar()));
  });

  it('gives the name of its Containerfile and the patterns that the engine must exclude', async () => {
    const root = await createProject({ 'build/Dockerfile': 'FROM a\n', '.dockerignore': 'docs\n' });
    const packed = await pack(root, { file: join(root, 'build/Dockerfile') });
    expect(packed).toMatchObject({ containerfile: 'build/Dockerfile', excludes: ['docs'] });
  });

  it('fails before anything is packed if there is no Containerfile', async () => {
    const root = await createProject({});
    await expect(pack(root)).rejects.toMatchObject({ problem: { code: 'context.file-missing' } });
  });

  it('leaves no file behind', async () => {
    const spoolFolder = await temporaryFolder();
    const packed = await pack(await createProject(base), { spoolFolder });
    await packed.done;
    await packed.close();
    expect(await readdir(spoolFolder)).toEqual([]);
  });
});

describe('packing', () => {
  /**
   * Packs a project and changes it after the first half megabyte. By then the sizes of the first files of a folder are known, and
   * only the next sixteen small files were read.
   */
  async function packWhile(root: string, change: () => void): Promise<PackedContext> {
    let hasChanged = false;
    return await pack(root, {
      onProgress: () => {
        if (!hasChanged) {
          hasChanged = true;
          change();
        }
      },
    });
  }

  const twenty = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`small-${index}`, 'x']));

  it.each([
    ['small', 1000],
    ['large', 3_000_000],
  ])('fails, with every reader, if a %s file became shorter', async (_, size) => {
    const root = await createProject({ ...base, '0': Buffer.alloc(4_000_000), ...twenty, z: Buffer.alloc(size, 'x') });
    const packed = await packWhile(root, () => truncateSync(join(root, 'z'), 10));
    const reading = buffer(packed.source().tar()).catch((error: unknown) => error);
    const failure: unknown = await packed.done.catch((error: unknown) => error);
    expect(failure).toMatchObject({
      problem: { code: 'context.changed', message: `${root}/z became shorter while the context was being packed.` },
    });
    expect(await reading).toBe(failure);
    await expect(buffer(packed.source().tar())).rejects.toBe(failure);
  });

  it('fails if a file was removed', async () => {
    const root = await createProject({ ...base, '0': Buffer.alloc(4_000_000), ...twenty, z: 'x' });
    const packed = await packWhile(root, () => rmSync(join(root, 'z')));
    await expect(packed.done).rejects.toMatchObject({
      problem: { code: 'context.changed', message: expect.stringContaining(`${root}/z was removed`) },
    });
  });

  it.each([
    ['small', 1000],
    ['large', 3_000_000],
  ])('does not wait for a pipe that replaced a %s file', async (_, size) => {
    const root = await createProject({ ...base, '0': Buffer.alloc(4_000_000), ...twenty, z: Buffer.alloc(size) });
    const packed = await packWhile(root, () => {
      rmSync(join(root, 'z'));
      execFileSync('mkfifo', [join(root, 'z')]);
    });
    await expect(packed.done).rejects.toMatchObject({
      problem: { code: 'context.changed', message: `${root}/z was replaced while the context was being packed.` },
    });
  });

  it('does not follow a symlink that replaced a file', async () => {
    const root = await createProject({ ...base, '0': Buffer.alloc(4_000_000), ...twenty, z: 'x' });
    const packed = await packWhile(root, () => {
      rmSync(join(root, 'z'));
      symlinkSync('/etc/passwd', join(root, 'z'));
    });
    await expect(packed.done).rejects.toMatchObject({ problem: { code: 'context.changed' } });
  });

  it('cuts a file that grew off at its first size', async () => {
    const root = await createProject({ ...base, '0': Buffer.alloc(4_000_000, 'x'), after: 'after' });
    const packed = await packWhile(root, () => appendFileSync(join(root, '0'), 'more'));
    const entries = await unpack(packed.source().tar());
    expect(entries.map(({ name, size }) => `${name} ${size}`)).toEqual(['0 4000000', 'Containerfile 13', 'after 5']);
    expect((await stat(join(root, '0'))).size).toBe(4_000_004);
  });

  it('stops with the reason of its signal', async () => {
    const root = await createProject({ ...base, large: Buffer.alloc(20_000_000) });
    const abort = new AbortController();
    const reason = fail('ssh.lost', 'Node pi4 is gone.', 'Wait for it.');
    const packed = await pack(root, { signal: abort.signal, onProgress: () => abort.abort(reason) });
    await expect(packed.done).rejects.toBe(reason);
    await expect(buffer(packed.source().tar())).rejects.toBe(reason);
  });

  it('stops, with its readers, when it is closed', async () => {
    const root = await createProject({ ...base, large: Buffer.alloc(20_000_000) });
    const packed = await pack(root);
    const reading = buffer(packed.source().tar());
    const results = Promise.allSettled([packed.done, reading]);
    await packed.close();
    expect(await results).toMatchObject([
      { status: 'rejected', reason: { problem: { code: 'build.cancelled' } } },
      { status: 'rejected', reason: { problem: { code: 'build.cancelled' } } },
    ]);
  });

  it('fails at once if its signal is already aborted', async () => {
    const root = await createProject(base);
    const packed = await pack(root, { signal: AbortSignal.abort() });
    await expect(packed.done).rejects.toMatchObject({ problem: { code: 'build.cancelled' } });
  });
});

import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { chmod, link, open, readdir, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { extract, type Header } from 'tar-stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fail } from '../../shared/failure.ts';
import { FileIndex, indexPath } from './file-index.ts';
import { GrowingFile } from './growing-file.ts';
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
      digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
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

describe('a context with an index', () => {
  /** A project that was packed once, with an index that knows all its files. */
  async function packedProject(): Promise<{ root: string; index: string; digest: string }> {
    const root = await createProject({ ...base, a: 'a', 'd/b': 'b', out: '->../../x', z: Buffer.alloc(600_000) });
    const index = indexPath(join(await temporaryFolder(), 'contexts'), 'project');
    let digest = '';
    await expect
      .poll(async () => {
        const packed = await pack(root, { index });
        ({ digest } = await packed.digest());
        await packed.close();
        return FileIndex.read(index)?.find('z', await stat(join(root, 'z')));
      })
      .toMatchObject({ isRacy: false });
    return { root, index, digest };
  }

  it('has a private index, and is done without a tar if nothing has changed', async () => {
    const { root, index, digest } = await packedProject();
    expect((await stat(index)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(index))).mode & 0o777).toBe(0o700);
    const packed = await pack(root, { index });
    expect(await packed.digest()).toEqual({ digest, isChanged: false });
    expect(await packed.done).toMatchObject({ digest, files: 5 });
    const whole = await pack(root);
    expect(await packed.done).toEqual(await whole.done);
    // the tar is made when it is read
    const tar = await buffer(packed.source().tar());
    expect(tar.equals(await buffer(whole.source().tar()))).toBe(true);
  });

  it('lists its files without a tar, and reads them in one', async () => {
    const { root, index } = await packedProject();
    const packed = await pack(root, { index });
    const paths: string[] = [];
    for await (const { path } of packed.source().files()) {
      paths.push(path);
    }
    expect(paths).toEqual(['Containerfile', 'a', 'd', 'd/b', 'out', 'z']);
    expect((await packed.done).files).toBe(5);
    expect(String(await buffer(packed.source().open('d/b')))).toBe('b');
  });

  it('has a digest that tells whether it has changed, before its tar is made', async () => {
    const { root, index, digest } = await packedProject();
    writeFileSync(join(root, 'a'), 'A');
    const packed = await pack(root, { index });
    expect(await packed.differsFrom(digest)).toBe(true);
    const found = await packed.digest();
    expect(found.isChanged).toBe(true);
    expect(found.digest).not.toBe(digest);
    expect((await packed.done).digest).toBe(found.digest);
    expect((await (await pack(root)).done).digest).toBe(found.digest);
  });

  it('fails instead of sending something else than its digest says', async () => {
    const { root, index } = await packedProject();
    const packed = await pack(root, { index });
    await packed.digest();
    writeFileSync(join(root, 'd/b'), 'B');
    await expect(buffer(packed.source().tar())).rejects.toMatchObject({ problem: { code: 'context.changed' } });
  });

  it('is not bound by a comparison of its digest', async () => {
    const { root, index, digest } = await packedProject();
    const packed = await pack(root, { index });
    expect(await packed.differsFrom(digest)).toBe(false);
    const { mtime } = statSync(join(root, 'd/b'));
    writeFileSync(join(root, 'd/b'), 'B');
    // the tar has the time that the file had at first
    utimesSync(join(root, 'd/b'), mtime, mtime);
    const tar = await buffer(packed.source().tar());
    expect(tar.equals(await buffer((await pack(root)).source().tar()))).toBe(true);
  });

  it('is that of the time at which it was prepared', async () => {
    const { root, index, digest } = await packedProject();
    const packed = await pack(root, { index });
    packed.prepare();
    expect((await packed.done).digest).toBe(digest);
    writeFileSync(join(root, 'd/b'), 'B');
    expect(String(await buffer(packed.source().open('d/b')))).toBe('b');
  });

  it('can be closed before its tar is made', async () => {
    const { root, index } = await packedProject();
    const packed = await pack(root, { index });
    await packed.digest();
    await packed.close();
    await expect(buffer(packed.source().tar())).rejects.toMatchObject({ problem: { code: 'build.cancelled' } });
  });
});

describe('a tar in pieces', () => {
  it('has a layout without gaps, and digests that tell which entries are the same', async () => {
    const files = { ...base, a: 'a', 'd/b': 'b'.repeat(700), ü: 'u', '+漢字': '', out: '->../../x' };
    const root = await createProject(files);
    const packed = (await pack(root)).source();
    const tar = await buffer(packed.tar());
    const layout = await packed.packed?.layout();
    expect(layout?.bytes).toBe(tar.length);
    expect(await packed.packed?.digest('sha256')).toBe(createHash('sha256').update(tar).digest('hex'));
    let end = 0;
    for (const { offset, length } of layout?.entries ?? []) {
      expect(offset).toBe(end);
      end = offset + length;
    }
    expect(tar.subarray(end).equals(Buffer.alloc(1024))).toBe(true);
    appendFileSync(join(root, 'a'), 'more');
    const other = (await pack(root)).source();
    const otherTar = await buffer(other.tar());
    for (const entry of (await other.packed?.layout())?.entries ?? []) {
      const before = layout?.entries.find(({ path }) => path === entry.path);
      const bytes = otherTar.subarray(entry.offset, entry.offset + entry.length);
      const isSame = before && tar.subarray(before.offset, before.offset + before.length).equals(bytes);
      expect(entry.digest === before?.digest, entry.path).toBe(isSame);
      const read = other.packed?.read(entry.offset, entry.offset + entry.length);
      expect(read && (await buffer(read)).equals(bytes)).toBe(true);
    }
  });

  it('has the digest of the whole, whenever it is asked for', async () => {
    const root = await createProject({ ...base, large: randomBytes(9_000_000) });
    const early = await pack(root);
    const asked = early.source().packed?.digest('sha256');
    const sha256 = createHash('sha256')
      .update(await buffer(early.source().tar()))
      .digest('hex');
    expect(await asked).toBe(sha256);
    const late = await pack(root);
    await buffer(late.source().tar());
    await setTimeout(50);
    expect(await late.source().packed?.digest('sha256')).toBe(sha256);
    expect(await late.source().packed?.digest('sha256')).toBe(sha256);
  });

  it('has no digest when it is closed before', async () => {
    const packed = await pack(await createProject({ ...base, large: randomBytes(9_000_000) }));
    await packed.done;
    const hashing = packed.source().packed?.digest('sha256');
    const failed = expect(hashing).rejects.toThrow();
    await packed.close();
    await failed;
    await expect(packed.source().packed?.digest('sha256')).rejects.toThrow();
  });

  it('tells as soon as it is known whether it is that long', async () => {
    const packed = await pack(await createProject({ ...base, large: Buffer.alloc(2_000_000) }));
    const { packed: pieces } = packed.source();
    const { tarBytes = 0 } = await packed.done;
    expect(await Promise.all([1, 1_000_000, tarBytes, tarBytes + 1].map((bytes) => pieces?.reaches(bytes)))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

describe('packing', () => {
  it('fails, with every reader, if a file cannot be read', async () => {
    const root = await createProject({ ...base, '0': Buffer.alloc(1_000_000) });
    writeFileSync(Buffer.concat([Buffer.from(`${root}/z`), Buffer.from([0xff])]), '');
    const packed = await pack(root);
    const reading = buffer(packed.source().tar()).catch((error: unknown) => error);
    const failure: unknown = await packed.done.catch((error: unknown) => error);
    expect(failure).toMatchObject({ problem: { code: 'context.unreadable' } });
    expect(await reading).toBe(failure);
    await expect(buffer(packed.source().tar())).rejects.toBe(failure);
    await expect(packed.digest()).rejects.toBe(failure);
  });

  // writing to /dev/full always fails like writing to a full disk
  it.skipIf(process.platform !== 'linux')('reports a full disk', async () => {
    const file = new GrowingFile('/dev/full', await open('/dev/full', 'r+'));
    const create = vi.spyOn(GrowingFile, 'create').mockResolvedValue(file);
    const packed = await pack(await createProject(base));
    create.mockRestore();
    await expect(packed.done).rejects.toMatchObject({
      problem: { code: 'disk.full', message: expect.stringContaining('/dev/full') },
    });
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

import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { withFile } from './read-file.ts';
import type { InProcessPacking } from './testing/in-process-packing.ts';
import { createProject, temporaryFolder } from './testing/project.ts';

/** The paths of the files that were read. */
const read: string[] = [];

// modules that other tests have loaded would read files without being noticed
vi.resetModules();
vi.doMock('./read-file.ts', async (original) => {
  const actual = await original<typeof import('./read-file.ts')>();
  const spied: typeof withFile = (path, use) => {
    read.push(path);
    return actual.withFile(path, use);
  };
  return { ...actual, withFile: spied };
});
const { FileIndex, indexPath } = await import('./file-index.ts');
const { packInProcess } = await import('./testing/in-process-packing.ts');
afterAll(() => {
  vi.doUnmock('./read-file.ts');
  vi.resetModules();
});

const base = { Containerfile: 'FROM scratch\n' };

/** Far enough from now that the times of all files are older than the time at which they are read. */
const laterMs = 60_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(Date.now() + laterMs);
  read.length = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

/** Waits until a change gets another time than the last one. */
async function nextTick(): Promise<void> {
  const probe = join(await temporaryFolder(), 'probe');
  const change = (): number => {
    writeFileSync(probe, '');
    return statSync(probe).ctimeMs;
  };
  const first = change();
  while (change() === first) {
    // the clock of the file system has not ticked yet
  }
}

async function newIndex(): Promise<string> {
  return indexPath(await temporaryFolder(), 'project');
}

/** Packs with an index, and also without one, and expects the same. */
async function packBoth(root: string, index: string): Promise<InProcessPacking> {
  const packed = await packInProcess(root, { index });
  const whole = await packInProcess(root);
  expect(packed.summary).toEqual(whole.summary);
  expect(packed.rows).toEqual(whole.rows);
  return packed;
}

describe('a context that was packed before', () => {
  it('is recognized without reading a file, and packed only if it is asked for', async () => {
    const root = await createProject({ ...base, a: 'a', 'd/b': 'b', large: Buffer.alloc(300_000), s: '->a' });
    const index = await newIndex();
    const first = await packInProcess(root, { index });
    expect(first).toMatchObject({ isPacked: true, isChanged: true });
    read.length = 0;
    const second = await packInProcess(root, { index });
    expect(read).toEqual([]);
    expect(second).toMatchObject({ isPacked: false, isChanged: false, summary: first.summary, rows: first.rows });
    expect(second.tar().length).toBe(0);
    await second.packing.pack();
    expect(second.tar().equals(first.tar())).toBe(true);
  });

  it('is listed some entries at a time, the last of which are marked', async () => {
    const names = Array.from({ length: 2_999 }, (_, index) => `f${index}`);
    const root = await createProject({ ...base, ...Object.fromEntries(names.map((name) => [name, ''])) });
    const index = await newIndex();
    const { rows } = await packInProcess(root, { index });
    const pieces: { rows: unknown[]; isComplete: boolean }[] = [];
    await packInProcess(root, {
      index,
      addEntries: (text, _edits, isComplete) => void pieces.push({ rows: JSON.parse(text), isComplete }),
    });
    expect(pieces.map((piece) => [piece.rows.length, piece.isComplete])).toEqual([
      [1_000, false],
      [1_000, false],
      [1_000, true],
    ]);
    expect(pieces.flatMap((piece) => piece.rows)).toEqual(rows);
  });

  it('has the digest of a full read after any change, of which only changed files are read', async () => {
    const root = await createProject({ ...base, a: 'aaaa', b: 'bbbb', 'd/c': 'cccc', l: '->a' });
    const index = await newIndex();
    await packBoth(root, index);
    const changes: Readonly<Record<string, [change: () => void, reads: readonly string[]]>> = {
      'another content of the same size and with the same time': [
        () => {
          const { atime, mtime } = statSync(join(root, 'a'));
          writeFileSync(join(root, 'a'), 'AAAA');
          utimesSync(join(root, 'a'), atime, mtime);
        },
        ['a'],
      ],
      'a replacement by a rename, with the same size and time': [
        () => {
          const { atime, mtime } = statSync(join(root, 'b'));
          writeFileSync(join(root, 'new-b'), 'BBBB');
          utimesSync(join(root, 'new-b'), atime, mtime);
          renameSync(join(root, 'new-b'), join(root, 'b'));
        },
        ['b'],
      ],
      'a mode alone': [() => chmodSync(join(root, 'a'), 0o755), ['a']],
      'the mode of a folder': [() => chmodSync(join(root, 'd'), 0o700), []],
      'a time alone': [() => utimesSync(join(root, 'd/c'), 1, 1), ['d/c']],
      'the target of a link': [
        () => {
          rmSync(join(root, 'l'));
          symlinkSync('b', join(root, 'l'));
        },
        [],
      ],
      'a new file': [() => writeFileSync(join(root, 'd/n'), 'n'), ['d/n']],
      'another name': [() => renameSync(join(root, 'd/n'), join(root, 'd/m')), ['d/m']],
      'a removed file': [() => rmSync(join(root, 'd/m')), []],
      'a second name of a file': [() => linkSync(join(root, 'd/c'), join(root, 'aa')), ['aa']],
      'one name less': [() => rmSync(join(root, 'aa')), ['d/c']],
      'a link instead of a folder': [
        () => {
          rmSync(join(root, 'd'), { recursive: true });
          symlinkSync('/', join(root, 'd'));
        },
        [],
      ],
      'the ignore file': [() => writeFileSync(join(root, '.dockerignore'), 'b\n'), ['.dockerignore']],
    };
    for (const [name, [change, reads]] of Object.entries(changes)) {
      await nextTick();
      change();
      vi.setSystemTime(Date.now() + laterMs);
      read.length = 0;
      const packed = await packInProcess(root, { index });
      // once for the digest, which is known before the tar is made
      const seen = read.filter(
        (path, position) => read.indexOf(path) === position && reads.includes(path.slice(root.length + 1)),
      );
      expect(packed.isChanged, name).toBe(true);
      expect(seen, name).toEqual(reads.map((path) => join(root, path)));
      await packBoth(root, index);
      read.length = 0;
      expect(await packInProcess(root, { index }), name).toMatchObject({ isChanged: false, isPacked: false });
      expect(read, name).toEqual([]);
    }
  });

  it('is read again where a change could have left the same times', async () => {
    vi.useRealTimers();
    const root = await createProject({ ...base, racy: '0' });
    const index = await newIndex();
    for (let round = 0; round < 300; round++) {
      writeFileSync(join(root, 'racy'), String(round % 10));
      const { summary } = await packInProcess(root, { index });
      expect(summary).toEqual((await packInProcess(root)).summary);
    }
  });

  it('is read again after the clock was set back', async () => {
    const root = await createProject({ ...base, a: 'a' });
    const index = await newIndex();
    await packInProcess(root, { index });
    vi.setSystemTime(Date.now() - 10 * laterMs);
    writeFileSync(join(root, '.dockerignore'), '');
    await packInProcess(root, { index });
    read.length = 0;
    expect(await packInProcess(root, { index })).toMatchObject({ isChanged: false });
    expect(read.map((path) => path.slice(root.length + 1)).sort()).toEqual(['.dockerignore', 'a']);
  });

  it('is read whole if its index is damaged, of another version or of another project', async () => {
    const root = await createProject({ ...base, a: 'a' });
    const index = await newIndex();
    const { summary } = await packInProcess(root, { index });
    const content = readFileSync(index);
    for (const position of [0, 12, 20, 60, content.length - 1]) {
      const damaged = Buffer.from(content);
      damaged.writeUInt8((damaged[position] ?? 0) ^ 1, position);
      for (const bytes of [damaged, content.subarray(0, position)]) {
        writeFileSync(index, bytes);
        expect(FileIndex.read(index)).toBeUndefined();
        expect((await packInProcess(root, { index })).summary).toEqual(summary);
      }
    }
    const other = await createProject({ ...base, a: 'b' });
    expect((await packInProcess(other, { index })).summary).toEqual((await packInProcess(other)).summary);
  });

  it('has the digest and the tar of a full read after random changes', async () => {
    vi.useRealTimers();
    const root = await createProject({ ...base, 'd0/f0': 'x', 'd1/f1': 'y' });
    const index = await newIndex();
    const random = (limit: number): number => Math.floor(Math.random() * limit);
    const path = (): string => join(root, `d${random(3)}`, `f${random(6)}`);
    const edits: readonly (() => void)[] = [
      () => writeFileSync(path(), String(random(10))),
      () => writeFileSync(path(), Buffer.alloc(random(600_000), random(256))),
      () => appendFileSync(path(), 'more'),
      () => rmSync(path(), { recursive: true }),
      () => renameSync(path(), path()),
      () => chmodSync(path(), random(2) ? 0o644 : 0o755),
      () => utimesSync(path(), random(2), random(2)),
      () => linkSync(path(), path()),
      () => symlinkSync(`../f${random(6)}`, path()),
      () => mkdirSync(dirname(path()), { recursive: true }),
      () => rmSync(dirname(path()), { recursive: true }),
    ];
    for (let round = 0; round < 200; round++) {
      for (let count = random(4); count > 0; count--) {
        try {
          edits[random(edits.length)]?.();
        } catch {
          // what is not there cannot be edited
        }
      }
      const packed = await packBoth(root, index);
      if (!packed.isPacked) {
        await packed.packing.pack();
      }
      expect(packed.tar().equals((await packInProcess(root)).tar())).toBe(true);
    }
  });
});

describe('the content that is packed', () => {
  /** Packs a project whose digest is known, changes it, and only then makes the tar. */
  async function changeBefore(change: (root: string) => void, mayAlter: boolean): Promise<InProcessPacking> {
    const root = await createProject({ ...base, a: 'a', b: 'bb', z: 'z' });
    const index = await newIndex();
    await packInProcess(root, { index });
    const packed = await packInProcess(root, { index, mayAlter: () => mayAlter });
    expect(packed.isPacked).toBe(false);
    await nextTick();
    change(root);
    await packed.packing.pack();
    return packed;
  }

  it('is that of the digest on which something relies, or packing fails', async () => {
    const change = changeBefore((root) => writeFileSync(join(root, 'b'), 'BB'), false);
    await expect(change).rejects.toMatchObject({
      problem: { code: 'context.changed', message: expect.stringMatching(/\/b changed while/) },
    });
  });

  it('may be another one if nothing relies on the digest, which is then another one, too', async () => {
    let root = '';
    const packed = await changeBefore((project) => {
      root = project;
      writeFileSync(join(root, 'b'), 'BB');
      utimesSync(join(root, 'b'), 1, 1);
    }, true);
    expect(packed.tar().includes('BB')).toBe(true);
    const names = packed.rows.map(([, path]) => path);
    expect(names).toEqual(['Containerfile', 'a', 'b', 'z']);
    const whole = await packInProcess(root);
    // the header is that of the file when it was found
    expect(packed.rows.filter(([, path]) => path !== 'b')).toEqual(whole.rows.filter(([, path]) => path !== 'b'));
  });

  it('stays the same if a file grows, or is replaced by the same content', async () => {
    const packed = await changeBefore((root) => {
      appendFileSync(join(root, 'a'), 'more');
      rmSync(join(root, 'z'));
      writeFileSync(join(root, 'z'), 'z');
    }, false);
    expect(packed.tar().includes('more')).toBe(false);
  });

  it.each([true, false])('fails if a file is gone', async (mayAlter) => {
    await expect(changeBefore((root) => rmSync(join(root, 'b')), mayAlter)).rejects.toMatchObject({
      problem: { code: 'context.changed' },
    });
  });
});

describe('packing', () => {
  /** Packs a project and changes it after the first half megabyte. By then the sizes of the other files are known. */
  async function packWhile(root: string, change: () => void): Promise<InProcessPacking> {
    let hasChanged = false;
    return await packInProcess(root, {
      write: () => {
        if (!hasChanged) {
          hasChanged = true;
          change();
        }
      },
    });
  }

  it.each([
    ['small', 1000],
    ['large', 3_000_000],
  ])('fails if a %s file became shorter', async (_, size) => {
    const root = await createProject({ ...base, '0': Buffer.alloc(1_000_000), z: Buffer.alloc(size, 'x') });
    await expect(packWhile(root, () => truncateSync(join(root, 'z'), 10))).rejects.toMatchObject({
      problem: { code: 'context.changed', message: `${root}/z became shorter while the context was being packed.` },
    });
  });

  it('fails if a file was removed', async () => {
    const root = await createProject({ ...base, '0': Buffer.alloc(1_000_000), z: 'x' });
    await expect(packWhile(root, () => rmSync(join(root, 'z')))).rejects.toMatchObject({
      problem: { code: 'context.changed', message: expect.stringContaining(`${root}/z was removed`) },
    });
  });

  it.each([
    ['small', 1000],
    ['large', 3_000_000],
  ])('does not wait for a pipe that replaced a %s file', async (_, size) => {
    const root = await createProject({ ...base, '0': Buffer.alloc(1_000_000), z: Buffer.alloc(size) });
    const packing = packWhile(root, () => {
      rmSync(join(root, 'z'));
      execFileSync('mkfifo', [join(root, 'z')]);
    });
    await expect(packing).rejects.toMatchObject({
      problem: { code: 'context.changed', message: `${root}/z was replaced while the context was being packed.` },
    });
  });

  it('does not follow a symlink that replaced a file', async () => {
    const root = await createProject({ ...base, '0': Buffer.alloc(1_000_000), z: 'x' });
    const packing = packWhile(root, () => {
      rmSync(join(root, 'z'));
      symlinkSync('/etc/passwd', join(root, 'z'));
    });
    await expect(packing).rejects.toMatchObject({ problem: { code: 'context.changed' } });
  });

  it('cuts a file that grew off at its first size', async () => {
    const root = await createProject({ ...base, '0': Buffer.alloc(1_000_000, 'x'), after: 'after' });
    const { rows } = await packWhile(root, () => appendFileSync(join(root, '0'), 'more'));
    expect(rows.map(([, path, , , size]) => `${path} ${size}`)).toEqual(['0 1000000', 'Containerfile 13', 'after 5']);
    expect(statSync(join(root, '0')).size).toBe(1_000_004);
  });
});

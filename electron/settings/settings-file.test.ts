import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Failure } from '../../shared/problem.ts';
import { SettingsFile } from './settings-file.ts';
import type { Migrations } from './versioned-file.ts';

let home: string;
let path: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'settings-'));
  path = join(home, 'kept', 'words.json');
});
afterEach(() => rm(home, { recursive: true }));

const schema = z.object({ words: z.array(z.string().min(2)) });
const format = { path: 'words.json', version: 1, content: 'words', kind: 'settings' } as const;

function words(at = path): SettingsFile<z.infer<typeof schema>> {
  return new SettingsFile({ path: at, format, schema, empty: { words: [] } });
}

async function put(text: string): Promise<void> {
  await mkdir(join(home, 'kept'), { recursive: true });
  await writeFile(path, text);
}

async function problemOfRead(): Promise<Failure['problem']> {
  const error: unknown = await words()
    .read()
    .then(
      () => undefined,
      (thrown) => thrown,
    );
  if (!(error instanceof Failure)) {
    throw new Error('reading did not fail');
  }
  return error.problem;
}

describe('a settings file', () => {
  test('is empty if it does not exist, and reading does not create it', async () => {
    expect(await words().read()).toEqual({ words: [] });
    expect(await readdir(home)).toEqual([]);
  });

  test('is created with its folder, accessible only to its owner', async () => {
    await words().update(() => ({ words: ['hay'] }));
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ version: 1, words: ['hay'] });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(home, 'kept'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(home, 'kept'))).toEqual(['words.json']);
  });

  test('is read from disk each time, because another process may have written it', async () => {
    const file = words();
    await file.update(() => ({ words: ['hay'] }));
    await put('{"version":1,"words":["straw"]}');
    expect(await file.read()).toEqual({ words: ['straw'] });
    expect(await file.update((before) => ({ words: [...before.words, 'oats'] }))).toEqual({ words: ['straw', 'oats'] });
  });

  test('is not written if nothing changes or the change throws', async () => {
    await put('{"version":1,   "words":["hay"]}');
    await words().update((before) => before);
    await expect(words().update(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await readFile(path, 'utf8')).toBe('{"version":1,   "words":["hay"]}');
  });

  test('can be changed again after a change threw', async () => {
    const file = words();
    await expect(file.update(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await file.update(() => ({ words: ['hay'] }))).toEqual({ words: ['hay'] });
  });

  test('may start with a byte order mark', async () => {
    await put('\uFEFF{"version":1,"words":["hay"]}');
    expect(await words().read()).toEqual({ words: ['hay'] });
  });
});

describe('a file that is not valid', () => {
  test('is reported with the position of the error, copied aside once, and never overwritten', async () => {
    const text = '{\n  "version": 1,\n  "words": ["hay",]\n}\n';
    await put(text);
    const problem = await problemOfRead();
    const [, copy] = (await readdir(join(home, 'kept'))).sort();
    expect(copy).toMatch(/^words\.json\.broken-\d{8}T\d{9}Z$/);
    expect(problem.code).toBe('settings.broken');
    expect(problem.message).toBe(`${path} is not valid: line 3, column 19: Unexpected token ']'.`);
    expect(problem.fix).toContain(`${join(home, 'kept')}/${copy}`);

    await expect(words().update(() => ({ words: ['straw'] }))).rejects.toMatchObject({ problem });
    expect(await readFile(path, 'utf8')).toBe(text);
    expect(await readFile(join(home, 'kept', copy ?? ''), 'utf8')).toBe(text);
    expect(await readdir(join(home, 'kept'))).toHaveLength(2);
  });

  test.each([
    ['', 'line 1, column 1: Unexpected end of JSON input.'],
    ['[]', 'Invalid input: expected object, received array'],
    ['{"words":[]}', 'version: Invalid input: expected number, received undefined'],
    ['{"version":1,"words":["hay","x"]}', 'words[1]: Too small: expected string to have >=2 characters'],
  ])('%j is reported as: %s', async (text, reason) => {
    await put(text);
    expect((await problemOfRead()).message).toBe(`${path} is not valid: ${reason}`);
  });

  test('can be used again after it was corrected', async () => {
    const file = words();
    await put('{"version":1,"words":[hay]}');
    await expect(file.update((before) => before)).rejects.toMatchObject({ problem: { code: 'settings.broken' } });
    await put('{"version":1,"words":["hay"]}');
    expect(await file.read()).toEqual({ words: ['hay'] });
  });
});

test('a file of a newer version is neither changed nor copied', async () => {
  await put('{"version":2,"words":{"hay":"dry"}}');
  const problem = await problemOfRead();
  expect(problem.code).toBe('settings.newer');
  expect(problem.message).toBe(
    `${path} has version 2, from a newer Barnraiser. This Barnraiser reads up to version 1.`,
  );
  await expect(words().update(() => ({ words: [] }))).rejects.toMatchObject({ problem: { code: 'settings.newer' } });
  expect(await readdir(join(home, 'kept'))).toEqual(['words.json']);
});

describe('a file of an older version', () => {
  const migrations: Migrations = {
    1: ({ words: list }) => ({ list }),
    2: ({ list }) => ({
      words: z
        .array(z.string())
        .parse(list)
        .map((word) => word.toUpperCase()),
    }),
  };
  const newer = (): SettingsFile<z.infer<typeof schema>> =>
    new SettingsFile({ path, format: { ...format, version: 3 }, schema, migrations, empty: { words: [] } });

  test('is migrated on reading, step by step, and stays as it is on disk', async () => {
    await put('{"version":1,"words":["hay"]}');
    expect(await newer().read()).toEqual({ words: ['HAY'] });
    expect(await readFile(path, 'utf8')).toBe('{"version":1,"words":["hay"]}');
  });

  test('is kept once when it is first written in the newer version, and the older Barnraiser says how to go back', async () => {
    const old = '{"version":1,"words":["hay"]}';
    await put(old);
    await newer().update(({ words }) => ({ words: [...words, 'STRAW'] }));
    await newer().update(({ words }) => ({ words: [...words, 'OATS'] }));
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ version: 3, words: ['HAY', 'STRAW', 'OATS'] });
    expect(await readFile(`${path}.version-1`, 'utf8')).toBe(old);
    expect((await problemOfRead()).fix).toBe(
      `Update Barnraiser, or go back to the words of before the update: replace the file with ${path}.version-1.`,
    );
    // a second update after going back does not replace what was kept first
    await put('{"version":1,"words":["rye"]}');
    await newer().update(({ words }) => ({ words: [...words, 'STRAW'] }));
    expect(await readFile(`${path}.version-1`, 'utf8')).toBe(old);
    expect((await readdir(join(home, 'kept'))).sort()).toEqual(['words.json', 'words.json.version-1']);
  });

  test('that a migration does not understand is broken, and not changed', async () => {
    await put('{"version":2,"list":"hay"}');
    await expect(newer().update(() => ({ words: [] }))).rejects.toMatchObject({ problem: { code: 'settings.broken' } });
    expect(await readFile(path, 'utf8')).toBe('{"version":2,"list":"hay"}');
  });
});

test('fields of another Barnraiser with the same version stay when the file is changed', async () => {
  await put('{"version":1,"words":["hay"],"season":"autumn"}');
  await words().update(() => ({ words: ['straw'] }));
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ version: 1, season: 'autumn', words: ['straw'] });
});

test('reading and writing fail with different codes', async () => {
  await mkdir(path, { recursive: true });
  expect(await problemOfRead()).toMatchObject({
    code: 'settings.unreadable',
    fix: 'Move away the folder that is in its place.',
  });
  await writeFile(join(home, 'file'), '');
  const inside = words(join(home, 'file', 'words.json'));
  await expect(inside.update(() => ({ words: ['hay'] }))).rejects.toMatchObject({
    problem: { code: 'settings.unwritable', fix: `Check the permissions of ${join(home, 'file')}.` },
  });
});

describe('the lock', () => {
  test('orders the changes of one process', async () => {
    const [one, other] = [words(), words()];
    const add =
      (word: string) =>
      (before: { words: string[] }): { words: string[] } => ({ words: [...before.words, word] });
    await Promise.all(['aa', 'bb', 'cc', 'dd'].map((word, index) => (index % 2 ? one : other).update(add(word))));
    expect((await one.read()).words.sort()).toEqual(['aa', 'bb', 'cc', 'dd']);
  });

  test('of a dead process is taken over', async () => {
    await put('{"version":1,"words":[]}');
    await mkdir(`${path}.lock`);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(`${path}.lock`, longAgo, longAgo);
    await words().update(() => ({ words: ['hay'] }));
    expect(await words().read()).toEqual({ words: ['hay'] });
  });

  test('is reported if a living process holds it for too long, and the file is not changed', async () => {
    await put('{"version":1,"words":[]}');
    const release = await lock(path, { stale: 5_000 });
    await expect(words().update(() => ({ words: ['hay'] }))).rejects.toMatchObject({
      problem: { code: 'settings.locked', fix: expect.stringContaining(`${path}.lock`) },
    });
    await release();
    expect(await words().read()).toEqual({ words: [] });
  });

  test('keeps all changes of processes that write at the same time', async () => {
    const program = `
      import { ConnectionStore } from ${JSON.stringify(new URL('../connections/store.ts', import.meta.url).href)};
      const store = new ConnectionStore(process.argv[1]);
      process.stdout.write('ready');
      await new Promise((resolve) => process.stdin.once('data', resolve));
      for (let n = 0; n < 10; n += 1) await store.add({ name: process.argv[2] + n, uri: 'ssh://host' });
      process.stdin.destroy();
    `;
    const children = ['a', 'b', 'c'].map((name) =>
      spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program, home, name], {
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
    const ends = children.map((child) => once(child, 'exit'));
    await Promise.all(children.map((child) => once(child.stdout, 'data')));
    for (const child of children) {
      child.stdin.write('go\n');
    }
    expect((await Promise.all(ends)).map(([code]) => code)).toEqual([0, 0, 0]);
    const saved: unknown = JSON.parse(await readFile(join(home, 'connections.json'), 'utf8'));
    const names = z
      .object({ connections: z.array(z.object({ name: z.string() })) })
      .parse(saved)
      .connections.map(({ name }) => name);
    expect(new Set(names).size).toBe(30);
    expect(names).toHaveLength(30);
  });
});

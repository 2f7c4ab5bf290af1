/** The bundled command keeps what V8 compiles, and trusts only what it has kept itself. */
import { isAscii } from 'node:buffer';
import { chmod, chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundledCli, Person } from './harness.ts';

let person: Person;
let folder: string;

beforeEach(async () => {
  person = await Person.create();
  folder = join(person.home, 'compiled');
});
afterEach(() => person.remove());

const listFarms = () => person.mustRun('farm', 'ls');
const files = async () => (await readdir(folder)).map((name) => join(folder, name)).sort();
const times = async () => Promise.all((await files()).map(async (path) => (await stat(path)).mtimeMs));

test('the bundled command can be run by its name, as `npm link` links it', async () => {
  for (const path of bundledCli) {
    expect((await stat(path)).mode & 0o111, path).toBe(0o111);
  }
});

test('compiled code is private and is written once for each command', async () => {
  const output = await listFarms();
  const first = await times();
  expect(first.length).toBeGreaterThan(5);
  for (const path of await files()) {
    expect((await stat(path)).mode & 0o777, path).toBe(0o600);
  }
  expect(await listFarms()).toBe(output);
  expect(await times()).toEqual(first);
  await person.mustRun('connection', 'ls');
  const [extended] = await times();
  expect(extended).toBeGreaterThan(first[0] ?? 0);
});

test('the first command, which makes the data folder, keeps it for the next', async () => {
  await rm(person.home, { recursive: true });
  await person.mustRun('farm', 'create', 'home');
  expect((await files()).length).toBeGreaterThan(5);
});

test('what V8 would forget in a long run is kept, too', async () => {
  const sizes = async () =>
    Promise.all((await files()).filter((path) => /\/app-/.test(path)).map(async (path) => (await stat(path)).size));
  await listFarms();
  const [size = 0] = await sizes();
  await rm(folder, { recursive: true });
  // enough work for the garbage collector that V8 takes what the program has compiled for unused
  const program = join(person.home, 'work.cjs');
  await writeFile(
    program,
    `process.once('exit', () => {
      for (let round = 0; round < 60; round += 1) {
        globalThis.kept = Array.from({ length: 500_000 }, (_, index) => [index]);
      }
    });`,
  );
  const { code } = await person.startWith({ NODE_OPTIONS: `--require=${program}` }, 'farm', 'ls').ended;
  expect(code).toBe(0);
  const [afterCollections = 0] = await sizes();
  expect(afterCollections).toBeGreaterThan(size * 0.95);
});

test('a damaged file is compiled again', async () => {
  const output = await listFarms();
  const paths = await files();
  const contents = await Promise.all(paths.map((path) => readFile(path)));
  for (const [index, path] of paths.entries()) {
    const damaged = Buffer.from(contents[index] ?? []);
    const middle = Math.floor(damaged.length / 2);
    damaged.fill(0xff, middle, middle + 8);
    await writeFile(path, index % 3 === 0 ? damaged : damaged.subarray(0, index % 3 === 1 ? 40 : 0));
  }
  expect(await listFarms()).toBe(output);
  for (const [index, path] of paths.entries()) {
    expect((await readFile(path)).length, path).toBeGreaterThan((contents[index]?.length ?? 0) / 2);
  }
});

test('a data folder that cannot be written to, or that is missing, changes nothing', async () => {
  await writeFile(folder, 'in the way');
  expect(await listFarms()).toContain('No farms yet');
  await rm(person.home, { recursive: true });
  expect(await person.mustRun('--version')).toMatch(/^barnraiser \d+\.\d+\.\d+\nCommit: /);
  await expect(stat(person.home)).rejects.toThrow('ENOENT');
});

test.runIf(process.getuid?.() === 0)('nothing is loaded from a data folder of another user', async () => {
  await listFarms();
  const [path = ''] = await files();
  const content = await readFile(path);
  await writeFile(path, 'not compiled code');
  await chown(person.home, 65_534, 65_534);
  await person.barnraiser('farm', 'ls');
  expect(await readFile(path, 'utf8')).toBe('not compiled code');
  await chown(person.home, 0, 0);
  await listFarms();
  expect((await readFile(path)).length).toBeGreaterThan(content.length / 2);
});

test('nothing is loaded from a folder that others can write to', async () => {
  await mkdir(folder, { mode: 0o777 });
  await chmod(folder, 0o777);
  await listFarms();
  expect(await readdir(folder)).toEqual([]);
});

test('the bundle is ASCII, which is read without decoding', async () => {
  for (const name of await readdir('out/main')) {
    if (name.endsWith('.cjs')) {
      expect(isAscii(await readFile(join('out/main', name))), name).toBe(true);
    }
  }
});

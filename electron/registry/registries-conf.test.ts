import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SystemPaths } from '../system/system-paths.ts';
import { readConfiguredRegistries } from './registries-conf.ts';
import { settingsFor } from './registry-settings.ts';

let folder: string;
let paths: SystemPaths;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registries-conf-'));
  paths = { env: {}, home: join(folder, 'home'), platform: 'linux', uid: 1000, root: join(folder, 'root') };
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function write(path: string, text: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

async function settings(registry: string, repository = 'team/api') {
  return settingsFor(undefined, await readConfiguredRegistries(paths), { registry, repository });
}

const system = (name: string): string => join(folder, 'root', 'etc', 'containers', name);
const user = (name: string): string => join(folder, 'home', '.config', 'containers', name);

test('without files, a registry has a trusted certificate and no mirrors', async () => {
  expect(await settings('registry.test')).toEqual({ tls: 'verify', mirrors: [] });
});

test('the file of the user replaces that of the system, and drop-ins of both are added, the last one of a prefix', async () => {
  await write(system('registries.conf'), '[[registry]]\nlocation = "system.test"\ninsecure = true\n');
  await write(user('registries.conf'), '[[registry]]\nlocation = "user.test"\ninsecure = true\n');
  await write(system('registries.conf.d/a.conf'), '[[registry]]\nlocation = "both.test"\ninsecure = true\n');
  const last = await write(user('registries.conf.d/b.conf'), '[[registry]]\nlocation = "both.test"\nblocked = true\n');
  await write(user('registries.conf.d/c.txt'), '[[registry]]\nlocation = "other.test"\ninsecure = true\n');
  expect(await settings('system.test')).toMatchObject({ tls: 'verify' });
  expect(await settings('user.test')).toMatchObject({ tls: 'no-verify' });
  expect(await settings('both.test')).toMatchObject({ tls: 'verify', blockedBy: last });
  expect(await settings('other.test')).toMatchObject({ tls: 'verify' });
});

test('the longest prefix holds, and the rest of the name follows the location and the mirrors', async () => {
  const file = await write(
    user('registries.conf'),
    `unqualified-search-registries = ["search.test"]
[[registry]]
prefix = "registry.test"
location = "other.test/proxy"
[[registry]]
prefix = "registry.test/team"
location = "registry.test/moved"
[[registry.mirror]]
location = "mirror.test/cache"
insecure = true
pull-from-mirror = "tag-only"
[[registry]]
prefix = "*.wild.test"
insecure = true
`,
  );
  expect(await settings('registry.test', 'else/api')).toMatchObject({ location: 'other.test/proxy/else/api', file });
  expect(await settings('registry.test')).toMatchObject({
    location: 'registry.test/moved/api',
    mirrors: [{ location: 'mirror.test/cache/api', insecure: true, pulls: 'tag-only', file }],
  });
  expect(await settings('registry.test.example')).toEqual({ tls: 'verify', mirrors: [] });
  expect(await settings('a.wild.test:5000')).toMatchObject({ tls: 'no-verify' });
  expect(await settings('wild.test')).toMatchObject({ tls: 'verify' });
});

test('what cannot be read says nothing: another version, a typing mistake, values of other types', async () => {
  await write(user('registries.conf'), '[registries.insecure]\nregistries = ["old.test"]\n');
  await write(user('registries.conf.d/a.conf'), '[[registry]\nlocation = "broken.test"\n');
  await write(
    user('registries.conf.d/b.conf'),
    '[[registry]]\nlocation = 5\n[[registry]]\nlocation = "good.test"\ninsecure = "yes"\n',
  );
  for (const name of ['old.test', 'broken.test', 'good.test']) {
    expect(await settings(name)).toMatchObject({ tls: 'verify' });
  }
});

test("Barnraiser's own settings come first, each by itself", async () => {
  await write(
    user('registries.conf'),
    '[[registry]]\nlocation = "registry.test"\ninsecure = true\n[[registry.mirror]]\nlocation = "mirror.test"\n',
  );
  const configured = await readConfiguredRegistries(paths);
  const target = { registry: 'registry.test', repository: 'api' };
  const own = { name: 'registry.test', tls: 'verify' as const, proxy: 'none' };
  expect(settingsFor(own, configured, target)).toMatchObject({
    tls: 'verify',
    proxy: 'none',
    mirrors: [{ location: 'mirror.test/api' }],
  });
  const mirrors = { ...own, mirrors: ['own.test/cache'] };
  expect(settingsFor(mirrors, configured, target).mirrors).toMatchObject([{ location: 'own.test/cache/api' }]);
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { discover } from './discover.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'discover-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function found(config: string) {
  const path = join(folder, 'config');
  await writeFile(path, config);
  vi.stubEnv('BARNRAISER_SSH_CONFIG', path);
  return (await discover({})).filter(({ source }) => source === 'ssh-config');
}

test('hosts of the SSH configuration are offered by their alias, so that the configuration stays the truth', async () => {
  expect(
    await found('Host pi4 pi*\n  HostName pi4.lan\n  User pi\n  IdentityFile /k\nHost only-options\n  Port 5\n'),
  ).toEqual([{ source: 'ssh-config', name: 'pi4', uri: 'ssh://pi4' }]);
});

test('a configuration that cannot be understood offers nothing', async () => {
  expect(await found('Host pi4\n  HostName pi4.lan\n  Nonsense x\n')).toEqual([]);
});

test('a configuration with a hundred thousand hosts is looked through in moments, and some of them are offered', async () => {
  const lines = Array.from({ length: 100_000 }, (_, index) => `Host h${index}\n HostName x`);
  const started = performance.now();
  expect((await found(lines.join('\n'))).length).toBeLessThanOrEqual(500);
  expect(performance.now() - started).toBeLessThan(5_000);
});

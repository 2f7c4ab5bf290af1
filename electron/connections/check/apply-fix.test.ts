import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { SystemPaths } from '../../system/system-paths.ts';
import { applyFix } from './apply-fix.ts';

let folder: string;
let changed: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fix-'));
  changed = [];
});
afterEach(() => rm(folder, { recursive: true }));

async function listen(path: string): Promise<void> {
  const absolute = join(folder, path);
  await mkdir(dirname(absolute), { recursive: true });
  const server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(absolute, resolve));
  onTestFinished(() => void server.close());
}

/** Detects the engine of a connection whose socket does not exist. */
function detect(uri: string, system: Partial<SystemPaths> = {}) {
  return applyFix({ name: 'here', uri }, 'find-engine', {
    loadKnownHosts: () => expect.fail('no host is contacted'),
    decideHostKey: () => expect.fail('no host is contacted'),
    changeUri: async (changedUri) => void changed.push(changedUri),
    paths: { env: {}, home: join(folder, 'home'), platform: 'darwin', uid: 1000, root: folder, ...system },
  });
}

test.each([
  ['the socket of a podman machine', 'home/.local/share/containers/podman/machine/default/podman.sock'],
  ['the socket of a newer podman machine', 'tmp/podman/podman-machine-default-api.sock'],
  ['the socket of Docker Desktop', 'home/.docker/run/docker.sock'],
])('on macOS, %s is detected', async (_what, path) => {
  await listen(path);
  await detect('unix:///gone.sock');
  expect(changed).toEqual(['local:']);
});

test.each(['darwin', 'win32'] as const)(
  'on %s, a connection keeps its URI where no engine is found',
  async (platform) => {
    await expect(detect('unix:///gone.sock', { platform })).rejects.toMatchObject({
      problem: { code: 'engine.no-socket' },
    });
    expect(changed).toEqual([]);
  },
);

test.each([
  ['ssh://root@pi4:2201/run/podman.sock', 'ssh://root@pi4:2201'],
  ['root@pi4/run/podman.sock', 'root@pi4'],
  ['ssh://bücher/a.sock', 'ssh://bücher'],
  ['ssh://root@[fe80::1%eth0]:22/a.sock?secure=true', 'ssh://root@[fe80::1%eth0]:22'],
])('the socket path of %s is removed', async (uri, without) => {
  await detect(uri);
  expect(changed).toEqual([without]);
});

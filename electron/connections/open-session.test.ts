import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KnownHosts } from '../ssh/known-hosts/known-hosts.ts';
import { makeKey, TestServer } from '../ssh/testing/test-server.ts';
import { openNodeSession } from './open-session.ts';

const [hostKey, userKey] = [makeKey(), makeKey()];
let folder: string;
let jump: TestServer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'open-session-'));
  jump = await TestServer.start({ hostKeys: [hostKey], userKeys: [userKey], tcpForwarding: 'silent' });
  vi.stubEnv('BARNRAISER_SSH_CONFIG', join(folder, 'config'));
  vi.stubEnv('SSH_AUTH_SOCK', '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await jump.stop();
  await rm(folder, { recursive: true });
});

test('a jump host that never reaches the node is given up after the connect timeout of the node', async () => {
  await writeFile(join(folder, 'key'), userKey.text, { mode: 0o600 });
  await writeFile(join(folder, 'known_hosts'), `alias ${hostKey.line}\n`);
  await writeFile(
    join(folder, 'config'),
    `Host goal
      ProxyJump edge
      ConnectTimeout 1
    Host edge
      Port ${jump.port}
      HostKeyAlias alias
    Host *
      HostName 127.0.0.1
      User kim
      IdentityFile ${join(folder, 'key')}
      IdentitiesOnly yes
    `,
  );
  const opening = openNodeSession(
    'far',
    { host: 'goal' },
    {
      loadKnownHosts: () => KnownHosts.load([join(folder, 'known_hosts')]),
      decideHostKey: async () => false,
    },
  );
  await expect(opening).rejects.toMatchObject({
    problem: {
      code: 'ssh.timeout',
      message: 'Node far: jump host edge did not reach it at 127.0.0.1:22 within 1 s.',
    },
  });
});

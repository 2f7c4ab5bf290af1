import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { makeKey, TestServer } from './testing/test-server.ts';

const sourceOf = (path: string): string => JSON.stringify(resolve(import.meta.dirname, path));

// only root can run a program as any user
test.runIf(process.getuid?.() === 0)('a user that the system does not know, as in a container, signs in', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'unknown-user-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [hostKey, userKey] = [makeKey(), makeKey()];
  const server = await TestServer.start({ hostKeys: [hostKey], userKeys: [userKey], commands: true });
  onTestFinished(() => server.stop());
  await chmod(folder, 0o755);
  await writeFile(join(folder, 'key'), userKey.text);
  await writeFile(join(folder, 'known_hosts'), `[127.0.0.1]:${server.port} ${hostKey.line}\n`);
  const program = `
    import { dataFolder } from ${sourceOf('../system/data-folder.ts')};
    import { localUser } from ${sourceOf('../system/local-user.ts')};
    import { KnownHosts } from ${sourceOf('known-hosts/known-hosts.ts')};
    import { openSession } from ${sourceOf('session.ts')};
    import { listHosts } from ${sourceOf('ssh-config/list-hosts.ts')};
    import { resolveHost } from ${sourceOf('ssh-config/resolve.ts')};
    const { user, host } = await resolveHost('127.0.0.1');
    const session = await openSession({
      name: 'pi4', host, user, port: ${server.port}, agentSocket: '', identity: ${JSON.stringify(join(folder, 'key'))},
      knownHosts: await KnownHosts.load([${JSON.stringify(join(folder, 'known_hosts'))}]), decideHostKey: async () => false,
    });
    const { stdout } = await session.run('echo hello');
    await session.close();
    console.log(JSON.stringify([localUser(), dataFolder(), user, await listHosts(), stdout.trim()]));`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    uid: 12_345,
    gid: 12_345,
    // without a home folder
    env: { PATH: process.env.PATH, USER: 'ci' },
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual([
    { uid: 12_345, name: 'ci', home: '/' },
    '/.local/share/barnraiser',
    'ci',
    expect.any(Array),
    'hello',
  ]);
});

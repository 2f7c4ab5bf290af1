/** The desktop door when the computer wakes up: a line that died meanwhile is noticed at once. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { ensureBuilt } from './built.ts';
import { type Desktop, openDesktop } from './desktop-front-end.ts';
import { Person, theLab } from './harness.ts';
import { nodeShell, startExtraSshd } from './lab/lab.ts';

const lab = await theLab();
const cleanups: (() => unknown)[] = [];

beforeAll(ensureBuilt);
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

/** What the page is told by the app, as text. */
function ask(desktop: Desktop, call: string, input: unknown): Promise<string> {
  const script = `window.barnraiser.call(${JSON.stringify(call)}, ${JSON.stringify(input)}).then(JSON.stringify)`;
  return desktop.page.evaluate<string>(script);
}

test('a node that has gone while the computer slept is asked for a sign of life', async () => {
  const person = await Person.create();
  cleanups.push(() => person.remove());
  const sshd = await startExtraSshd('amd-a', { config: [] });
  cleanups.push(() => sshd.stop());
  await writeFile(person.knownHosts, await readFile(sshd.knownHosts, 'utf8'));
  // so that silence alone tells nothing
  const config = join(person.home, 'config');
  await writeFile(config, 'ServerAliveInterval 3600\n');
  const desktop = await openDesktop({ home: person.home, env: { BARNRAISER_SSH_CONFIG: config } });
  cleanups.push(() => desktop.kill());

  const { identity, socket } = lab.node('amd-a');
  const uri = `ssh://root@127.0.0.1:${sshd.port}${socket}`;
  await ask(desktop, 'connections.add', { name: 'asleep', uri, identity });
  expect(await ask(desktop, 'nodes.probe', { connections: ['asleep'] })).toContain('"state":"up"');
  await desktop.page.evaluate(`window.barnraiser.onEvent((event) => {
    if (event.event === 'node.changed' && event.status.state === 'down') {
      window.wentDown = JSON.stringify(event.status);
    }
  })`);

  const pid = `$(cat /run/node/sshd-${sshd.port}.pid)`;
  const { stdout } = await nodeShell('amd-a', `cat /proc/${pid}/task/${pid}/children`);
  await nodeShell('amd-a', `kill -STOP ${stdout}`);
  cleanups.push(() => nodeShell('amd-a', `kill -CONT ${stdout}`));
  await desktop.evaluate(({ powerMonitor }) => void powerMonitor.emit('resume'));
  await expect
    .poll(() => desktop.page.evaluate<string>('window.wentDown ?? ""'), { timeout: 30_000, interval: 200 })
    .toContain('no sign of life');
});

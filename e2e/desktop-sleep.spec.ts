/** The desktop front end checks its connections when the computer resumes from sleep. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { ensureBundled } from './bundle.ts';
import { type Desktop, openDesktop } from './desktop-front-end.ts';
import { Person, setUpLab } from './harness.ts';
import { runOnNode, startExtraSshd } from './lab/lab.ts';

const lab = await setUpLab();
const cleanups: (() => unknown)[] = [];

beforeAll(ensureBundled);
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    await cleanup();
  }
});

/** Calls the app from the page. Resolves with the result as JSON. */
function call(desktop: Desktop, name: string, input: unknown): Promise<string> {
  const script = `window.barnraiser.call(${JSON.stringify(name)}, ${JSON.stringify(input)}).then(JSON.stringify)`;
  return desktop.page.evaluate<string>(script);
}

test('a node that disappeared while the computer slept is reported as down', async () => {
  const person = await Person.create();
  cleanups.push(() => person.remove());
  const sshd = await startExtraSshd('amd-a', { config: [] });
  cleanups.push(() => sshd.stop());
  await writeFile(person.knownHosts, await readFile(sshd.knownHosts, 'utf8'));
  // without this, keepalive messages would detect the lost connection
  const config = join(person.home, 'config');
  await writeFile(config, 'ServerAliveInterval 3600\n');
  const desktop = await openDesktop({ home: person.home, env: { BARNRAISER_SSH_CONFIG: config } });
  cleanups.push(() => desktop.kill());

  const { identity, socket } = lab.node('amd-a');
  const uri = `ssh://root@127.0.0.1:${sshd.port}${socket}`;
  await call(desktop, 'connections.add', { name: 'asleep', uri, identity });
  expect(await call(desktop, 'nodes.probe', { connections: ['asleep'] })).toContain('"state":"up"');
  await desktop.page.evaluate(`window.barnraiser.onEvent((event) => {
    if (event.event === 'node.changed' && event.status.state === 'down') {
      window.wentDown = JSON.stringify(event.status);
    }
  })`);

  const pid = `$(cat /run/node/sshd-${sshd.port}.pid)`;
  const { stdout } = await runOnNode('amd-a', `cat /proc/${pid}/task/${pid}/children`);
  await runOnNode('amd-a', `kill -STOP ${stdout}`);
  cleanups.push(() => runOnNode('amd-a', `kill -CONT ${stdout}`));
  await desktop.evaluate(({ powerMonitor }) => void powerMonitor.emit('resume'));
  await expect
    .poll(() => desktop.page.evaluate<string>('window.wentDown ?? ""'), { timeout: 30_000, interval: 200 })
    .toContain('did not respond within');
});

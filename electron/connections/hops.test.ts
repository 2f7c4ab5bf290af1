import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { resolveHops } from './hops.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hops-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** The route to a host, each hop as `user@host:port`. */
async function route(config: string, host = 'goal'): Promise<string[]> {
  const path = join(folder, 'config');
  await writeFile(path, config);
  vi.stubEnv('BARNRAISER_SSH_CONFIG', path);
  return (await resolveHops('pi4', { host })).map((hop) => `${hop.user}@${hop.host}:${hop.port}`);
}

test('the route to a host without jump hosts is the host itself', async () => {
  expect(await route('User kim')).toEqual(['kim@goal:22']);
});

test('each jump host is resolved with its own part of the configuration, which ProxyJump overrides', async () => {
  const config = `Host goal
    ProxyJump root@one,two:22
  Host one
    HostName one.lan
    User never
  Host two
    Port 2222
  Host *
    User kim
  `;
  expect(await route(config)).toEqual(['root@one.lan:22', 'kim@two:22', 'kim@goal:22']);
});

test("only the first jump host's own ProxyJump is used", async () => {
  const config = `Host goal
    ProxyJump one,two
  Host one
    ProxyJump zero
  Host two
    ProxyJump elsewhere
  Host *
    User kim
  `;
  expect(await route(config)).toEqual(['kim@zero:22', 'kim@one:22', 'kim@two:22', 'kim@goal:22']);
});

test('a circle of jump hosts is reported', async () => {
  await expect(route('Host a b\n  ProxyJump a,b\n', 'a')).rejects.toMatchObject({
    problem: { code: 'ssh.config', message: 'Node pi4: its route has more than 16 jump hosts.' },
  });
});

test('only the ProxyCommand of the first hop is used, also if that is a jump host', async () => {
  vi.stubEnv('BARNRAISER_SSH_CONFIG', join(folder, 'config'));
  await writeFile(
    join(folder, 'config'),
    'Host goal\n ProxyJump one,two\n ProxyCommand never\nHost one\n ProxyCommand nc %h %p\nHost two\n ProxyCommand never\n',
  );
  const hops = await resolveHops('pi4', { host: 'goal' });
  expect(hops.map(({ host, proxyCommand }) => [host, proxyCommand?.text])).toEqual([
    ['one', 'nc %h %p'],
    ['two', undefined],
    ['goal', undefined],
  ]);
});

test.each([
  ['ProxyCommand nc -F %h %p\n ProxyUseFdpass yes', 'that passes a file descriptor (ProxyUseFdpass)'],
  ['ProxyCommand -', 'that stands for standard input and output'],
])('%s is reported as unsupported, also for a jump host', async (lines, reason) => {
  await expect(route(`Host goal\n ProxyJump one\nHost one\n ${lines}\n`)).rejects.toMatchObject({
    problem: {
      code: 'ssh.config',
      message: expect.stringContaining(`Node pi4: the SSH configuration connects to one with a ProxyCommand ${reason}`),
      fix: expect.stringContaining('ProxyJump'),
    },
  });
});

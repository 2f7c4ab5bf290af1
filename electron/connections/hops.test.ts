import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { resolveHops } from './hops.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'route-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

/** The way to a host, as `user@host:port`. */
async function route(config: string, host = 'goal'): Promise<string[]> {
  const path = join(folder, 'config');
  await writeFile(path, config);
  vi.stubEnv('BARNRAISER_SSH_CONFIG', path);
  return (await resolveHops('pi4', { host })).map((hop) => `${hop.user}@${hop.host}:${hop.port}`);
}

test('a host without jumps is all of its way', async () => {
  expect(await route('User kim')).toEqual(['kim@goal:22']);
});

test('each jump host has its own part of the configuration, under what the jump itself says', async () => {
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

test('the first jump host may have jumps of its own, those after it come by the way that was given', async () => {
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

test('a circle is cut and told', async () => {
  await expect(route('Host a b\n  ProxyJump a,b\n', 'a')).rejects.toMatchObject({
    problem: { code: 'ssh.config', message: 'Node pi4: the way there goes through more than 16 jump hosts.' },
  });
});

test('a ProxyCommand leads to the first host of the way, be it a jump host', async () => {
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
  ['ProxyCommand nc -F %h %p\n ProxyUseFdpass yes', 'that hands over a connection (ProxyUseFdpass)'],
  ['ProxyCommand -', 'that is its own standard input and output'],
])('%s can be no way and is told, also that of a jump host', async (lines, said) => {
  await expect(route(`Host goal\n ProxyJump one\nHost one\n ${lines}\n`)).rejects.toMatchObject({
    problem: {
      code: 'ssh.config',
      message: expect.stringContaining(`Node pi4: the SSH configuration reaches one by a ProxyCommand ${said}`),
      fix: expect.stringContaining('ProxyJump'),
    },
  });
});

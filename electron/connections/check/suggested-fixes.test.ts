import { describe, expect, test } from 'vitest';
import { fail } from '../../../shared/problem.ts';
import type { NodeFacts } from './node-facts.ts';
import { emulatorFixes, fixesNamedIn, socketFixes } from './suggested-fixes.ts';

const facts: NodeFacts = {
  uid: 1000,
  user: 'kim',
  commands: new Set(['podman', 'systemctl', 'loginctl', 'apt-get']),
  hasSystemd: true,
  hasUserManager: true,
  isLingerEnabled: true,
  units: new Set(['user', 'system']),
  emulators: [],
  hasBinfmtConfig: false,
  handlers: '',
};
const ssh = (socketPath?: string) =>
  ({ kind: 'ssh', host: 'pi4', ...(socketPath === undefined ? {} : { socketPath }) }) as const;

/** The offered fixes, each as its fix id or label. */
const offered = (...args: Parameters<typeof socketFixes>): string[] =>
  socketFixes(...args).map(({ fix, label }) => fix ?? label);

describe('the fixes for a socket that cannot be used', () => {
  test("enable or start the user's own socket, or detect the engine", () => {
    const own = ssh('/run/user/1000/podman/podman.sock');
    expect(offered(own, 'missing', facts)).toEqual(['enable-socket', 'find-engine']);
    expect(offered(own, 'dead', facts)).toEqual(['start-service', 'find-engine']);
  });

  test('do not touch the socket of another user', () => {
    expect(offered(ssh('/run/podman/podman.sock'), 'missing', facts)).toEqual(['find-engine']);
    expect(offered(ssh('/run/user/1001/podman/podman.sock'), 'denied', facts)).toEqual(['find-engine']);
  });

  test('do not offer to detect the engine if the connection has no socket path', () => {
    expect(offered(ssh(), 'missing', facts)).toEqual(['enable-socket']);
  });

  test('install podman with the available package manager if there is no engine', () => {
    const [fix] = socketFixes(ssh(), 'missing', { ...facts, commands: new Set(['apt-get']) });
    expect(fix).toMatchObject({ command: 'sudo apt-get install podman', where: 'node' });
  });

  test('only show commands for docker, because they need root and a decision', () => {
    const withDocker = { ...facts, commands: new Set(['docker', 'systemctl']) };
    const [fix] = socketFixes(ssh('/var/run/docker.sock'), 'denied', withDocker);
    expect(fix).toEqual({
      label: 'Add this user to the docker group',
      command: 'sudo usermod -aG docker kim',
      where: 'node',
    });
  });

  test.each([
    ['missing', true, 'sudo systemctl enable --now docker.socket'],
    ['dead', true, 'sudo systemctl restart docker.socket docker.service'],
    ['missing', false, 'sudo service docker start'],
    ['denied', false, 'sudo usermod -aG docker kim'],
  ] as const)('for docker in the state %s, systemd %s, without a path in the URI: %s', (state, hasSystemd, command) => {
    const withDocker = { ...facts, hasSystemd, commands: new Set(['docker', 'apt-get']) };
    expect(socketFixes(ssh(), state, withDocker).map((fix) => fix.command)).toEqual([command]);
    expect(socketFixes({ kind: 'local' }, state, withDocker)).toMatchObject([{ command, where: 'here' }]);
  });

  test("start the user's own rootless docker, and leave that of another alone", () => {
    const withDocker = { ...facts, commands: new Set(['docker', 'systemctl']) };
    const commandsFor = (path: string, state: 'missing' | 'denied') =>
      socketFixes(ssh(path), state, withDocker).map(({ fix, command }) => fix ?? command);
    expect(commandsFor('/run/user/1000/docker.sock', 'missing')).toEqual([
      'systemctl --user enable --now docker',
      'find-engine',
    ]);
    expect(commandsFor('/run/user/1001/docker.sock', 'denied')).toEqual(['find-engine']);
  });

  test.each([
    ['/run/buildkit/buildkitd.sock', 'missing', ['sudo systemctl enable --now buildkit', 'find-engine']],
    ['/run/buildkit/buildkitd.sock', 'dead', ['sudo systemctl restart buildkit', 'find-engine']],
    ['/run/buildkit/buildkitd.sock', 'denied', ['find-engine']],
    ['/run/user/1000/buildkit/buildkitd.sock', 'missing', ['systemctl --user enable --now buildkit', 'find-engine']],
    ['/run/user/1001/buildkit/buildkitd.sock', 'missing', ['find-engine']],
  ] as const)('start BuildKit, but not that of another user: %s, %s', (path, state, expected) => {
    const fixes = socketFixes(ssh(path), state, { ...facts, commands: new Set(['systemctl']) });
    expect(fixes.map(({ fix, command }) => fix ?? command)).toEqual(expected);
  });

  test('are typed here for an engine of this computer', () => {
    const [fix] = socketFixes({ kind: 'local' }, 'missing', facts);
    expect(fix).toMatchObject({ fix: 'enable-socket', where: 'here' });
  });
});

test('commands that a problem names are offered with a label, but not other text in backticks', () => {
  const { problem } = fail('ssh.authentication', 'No.', 'Use `ssh-copy-id kim@pi4`, or set `AllowTcpForwarding yes`.');
  expect(fixesNamedIn(problem)).toEqual([
    { label: 'Copy your key to the host', command: 'ssh-copy-id kim@pi4', where: 'here' },
  ]);
});

test.each([
  ['rpm-ostree', 'rpm-ostree install --apply-live qemu-user-static'],
  ['dnf', 'dnf install qemu-user-static'],
  ['apt-get', 'apt-get install qemu-user-static'],
])('emulators are installed with %s', (manager, command) => {
  const commands = new Set(manager === 'rpm-ostree' ? ['dnf', manager] : [manager]);
  expect(emulatorFixes({ ...facts, uid: 0, commands }, 'node')[0]?.command).toBe(command);
  expect(emulatorFixes({ ...facts, commands }, 'node')[0]?.command).toBe(`sudo ${command}`);
});

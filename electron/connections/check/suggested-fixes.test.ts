import { describe, expect, test } from 'vitest';
import { fail } from '../../../shared/problem.ts';
import type { NodeFacts } from './node-facts.ts';
import { installEmulators, remediesNamedBy, socketRemedies } from './suggested-fixes.ts';

const facts: NodeFacts = {
  uid: 1000,
  user: 'kim',
  commands: new Set(['podman', 'systemctl', 'loginctl', 'apt-get']),
  hasSystemd: true,
  hasUserManager: true,
  lingers: true,
  units: new Set(['user', 'system']),
  emulators: [],
  hasBinfmtLines: false,
  handlers: '',
};
const ssh = (socketPath?: string) =>
  ({ kind: 'ssh', host: 'pi4', ...(socketPath === undefined ? {} : { socketPath }) }) as const;

/** What is offered, as `FIX` or `LABEL`. */
const offered = (...args: Parameters<typeof socketRemedies>): string[] =>
  socketRemedies(...args).map(({ fix, label }) => fix ?? label);

describe('where a socket cannot be used', () => {
  test("the user's own is enabled where it is missing and started where it is dead, or done without", () => {
    const own = ssh('/run/user/1000/podman/podman.sock');
    expect(offered(own, 'missing', facts)).toEqual(['enable-socket', 'find-engine']);
    expect(offered(own, 'dead', facts)).toEqual(['start-service', 'find-engine']);
  });

  test("somebody else's is not ours to mend", () => {
    expect(offered(ssh('/run/podman/podman.sock'), 'missing', facts)).toEqual(['find-engine']);
    expect(offered(ssh('/run/user/1001/podman/podman.sock'), 'denied', facts)).toEqual(['find-engine']);
  });

  test('there is nothing to find where the connection names none', () => {
    expect(offered(ssh(), 'missing', facts)).toEqual(['enable-socket']);
  });

  test('podman is installed where no engine is, by the package manager that is there', () => {
    const [remedy] = socketRemedies(ssh(), 'missing', { ...facts, commands: new Set(['apt-get']) });
    expect(remedy).toMatchObject({ command: 'sudo apt-get install podman', where: 'node' });
  });

  test('docker is not mended by us, since that takes root and is a decision', () => {
    const withDocker = { ...facts, commands: new Set(['docker', 'systemctl']) };
    const [remedy] = socketRemedies(ssh('/var/run/docker.sock'), 'denied', withDocker);
    expect(remedy).toEqual({
      label: 'Let this user use docker',
      command: 'sudo usermod -aG docker kim',
      where: 'node',
    });
  });

  test('on this computer commands are typed here', () => {
    const [remedy] = socketRemedies({ kind: 'local' }, 'missing', facts);
    expect(remedy).toMatchObject({ fix: 'enable-socket', where: 'here' });
  });
});

test('commands that a problem names are offered with what they do, and words in code that are none are not', () => {
  const { problem } = fail('ssh.authentication', 'No.', 'Use `ssh-copy-id kim@pi4`, or set `AllowTcpForwarding yes`.');
  expect(remediesNamedBy(problem)).toEqual([
    { label: 'Copy your key there', command: 'ssh-copy-id kim@pi4', where: 'here' },
  ]);
});

test.each([
  ['rpm-ostree', 'rpm-ostree install --apply-live qemu-user-static'],
  ['dnf', 'dnf install qemu-user-static'],
  ['apt-get', 'apt-get install qemu-user-static'],
])('emulators are installed with %s', (manager, command) => {
  const commands = new Set(manager === 'rpm-ostree' ? ['dnf', manager] : [manager]);
  expect(installEmulators({ ...facts, uid: 0, commands }, 'node')[0]?.command).toBe(command);
  expect(installEmulators({ ...facts, commands }, 'node')[0]?.command).toBe(`sudo ${command}`);
});

import { expect, test } from 'vitest';
import { readIdentity } from './machine-identity.ts';

const printed = (boot: string, machine: string, name: string) =>
  `other output\nboot-id ${boot}\nmachine-id ${machine}\nmachine-name ${name}\n`;
const podman = { engine: 'podman', hostname: 'pi4', storage: '/var/lib/containers/storage' } as const;
const pi4 = readIdentity(printed('b1', 'm1', 'pi4'), podman);

test('an engine has the same identity over every connection', () => {
  expect(pi4).toEqual({ machineId: expect.any(String), engineId: expect.any(String) });
  expect(readIdentity(printed('b1', 'm1', 'pi4'), podman)).toEqual(pi4);
});

test('two engines of one machine, and the storages of two users, are different engines on the same machine', () => {
  const docker = readIdentity(printed('b1', 'm1', 'pi4'), {
    engine: 'docker',
    hostname: 'pi4',
    storage: '/var/lib/docker',
    id: 'x',
  });
  const rootless = readIdentity(printed('b1', 'm1', 'pi4'), {
    ...podman,
    storage: '/home/kim/.local/share/containers',
  });
  for (const other of [docker, rootless]) {
    expect(other.machineId).toBe(pi4.machineId);
    expect(other.engineId).not.toBe(pi4.engineId);
  }
});

test.each([
  ['a copy of a virtual machine', printed('b2', 'm1', 'pi4'), podman],
  ['another machine in a namespace of the same kernel', printed('b1', '', 'pi5'), { ...podman, hostname: 'pi5' }],
])('%s is another machine', (_what, output, facts) => {
  const other = readIdentity(output, facts);
  expect(other.machineId).toBeDefined();
  expect(other.machineId).not.toBe(pi4.machineId);
  expect(other.engineId).not.toBe(pi4.engineId);
});

test('the machine is unknown where commands are refused, or run beside the virtual machine of the engine', () => {
  expect(readIdentity('', podman)).toEqual({});
  expect(readIdentity(printed('b1', 'm1', 'laptop'), podman)).toEqual({});
});

test('the id of docker identifies it where the machine is unknown', () => {
  const docker = { engine: 'docker', hostname: 'docker-desktop', storage: '/var/lib/docker', id: 'x' } as const;
  const { machineId, engineId } = readIdentity('', docker);
  expect(machineId).toBeUndefined();
  expect(readIdentity('', docker).engineId).toBe(engineId);
  expect(readIdentity('', { ...docker, id: 'y' }).engineId).not.toBe(engineId);
});

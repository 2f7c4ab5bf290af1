import { describe, expect, it } from 'vitest';
import { connections, statuses } from '../../testing/fixture-data.ts';
import { discover } from '../../testing/fixture-discovery.ts';
import {
  canRemoveConnection,
  connectionsWithoutFarm,
  createFarmLabel,
  listEngines,
  onePerMachine,
  suggestFarmName,
} from './engines.ts';

const candidates = () => discover('few', {}, connections(), []).candidates;

describe('the list of engines', () => {
  it('contains discovered engines, then connections that were added manually', () => {
    const engines = listEngines(candidates(), connections());
    expect(engines.map(({ name }) => name)).toEqual([
      ...candidates().map(({ name }) => name),
      'graviton',
      'riscv-board',
      's390x-lab',
    ]);
    expect(engines.filter(({ connection }) => connection).length).toBe(6);
    expect(engines.at(-1)?.source).toBe('added');
  });

  it('contains a connection once, under its own name', () => {
    const [nas] = candidates().filter(({ name }) => name === 'nas');
    const engines = listEngines(nas ? [nas] : [], [{ name: 'storage', uri: 'ssh://admin@nas.lan' }]);
    expect(engines.map(({ name }) => name)).toEqual(['storage']);
  });

  it('allows removing a connection only if it can be added again identically and is in no farm', () => {
    const [engine] = listEngines(
      [{ source: 'ssh-config', name: 'nas', uri: 'ssh://nas', notes: [] }],
      [{ name: 'nas', uri: 'ssh://nas' }],
    );
    const [changed] = listEngines(
      [{ source: 'ssh-config', name: 'nas', uri: 'ssh://nas', notes: [] }],
      [{ name: 'nas', uri: 'ssh://nas', identity: '~/.ssh/other' }],
    );
    expect(engine && canRemoveConnection(engine, [])).toBe(true);
    expect(engine && canRemoveConnection(engine, [{ name: 'home', connections: ['nas'] }])).toBe(false);
    expect(changed && canRemoveConnection(changed, [])).toBe(false);
  });
});

describe('a new farm', () => {
  it('gets a free name', () => {
    expect(suggestFarmName([])).toBe('home');
    expect(suggestFarmName([{ name: 'home', connections: [] }])).toBe('farm');
    const farms = ['home', 'farm', 'farm-2'].map((name) => ({ name, connections: [] }));
    expect(suggestFarmName(farms)).toBe('farm-3');
  });

  it('contains the connections that are in no farm', () => {
    expect(connectionsWithoutFarm(connections(), [{ name: 'home', connections: ['big-amd', 'pi4'] }])).toEqual([
      'this-computer',
      'graviton',
      'riscv-board',
      's390x-lab',
    ]);
  });

  it('contains each machine once', () => {
    const [status] = statuses();
    const onMachine = (connection: string, machineId: string) =>
      status?.state === 'up'
        ? [[connection, { ...status, connection, node: { ...status.node, machineId } }] as const]
        : [];
    const byName = Object.fromEntries([...onMachine('a', 'm1'), ...onMachine('b', 'm2'), ...onMachine('c', 'm1')]);
    expect(onePerMachine(['a', 'b', 'c', 'unknown', 'other'], byName)).toEqual(['a', 'b', 'unknown', 'other']);
  });

  it('shows its number of nodes on the button', () => {
    expect([0, 1, 3].map(createFarmLabel)).toEqual([
      'Create farm',
      'Create farm with 1 node',
      'Create farm with 3 nodes',
    ]);
  });
});

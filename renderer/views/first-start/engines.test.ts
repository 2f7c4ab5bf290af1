import { describe, expect, it } from 'vitest';
import { connections } from '../../testing/fixture-data.ts';
import { discover } from '../../testing/fixture-discovery.ts';
import { addressError, connectionNameError, describeAddress, suggestName } from './address.ts';
import {
  canRemoveConnection,
  connectionsWithoutFarm,
  createFarmLabel,
  listEngines,
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

  it('shows its number of nodes on the button', () => {
    expect([0, 1, 3].map(createFarmLabel)).toEqual([
      'Create farm',
      'Create farm with 1 node',
      'Create farm with 3 nodes',
    ]);
  });
});

describe('an address', () => {
  it.each([
    ['ssh://pi@pi4.lan', 'pi4', 'SSH to pi@pi4.lan. The engine socket is found automatically.'],
    ['pi@10.0.0.7:2222', '10.0.0.7', 'SSH to pi@10.0.0.7, port 2222. The engine socket is found automatically.'],
    ['local:', 'this-computer', 'The engine on this computer. Its socket is found automatically.'],
    ['unix:///run/podman.sock', 'this-computer', 'The engine on this computer at /run/podman.sock.'],
  ])('%s gets the name %s', (uri, name, description) => {
    expect(suggestName(uri)).toBe(name);
    expect(describeAddress(uri)).toBe(description);
    expect(addressError(uri)).toBeUndefined();
  });

  it('that is not valid has an error and no name', () => {
    expect(addressError('tcp://x:1')).toMatch(/is not supported/);
    expect(suggestName('tcp://x:1')).toBe('');
    expect(connectionNameError('pi 4', [])).toMatch(/letters, digits/);
    expect(connectionNameError('pi4', ['pi4'])).toBe('A connection named pi4 already exists.');
  });
});

import { describe, expect, it } from 'vitest';
import { connections } from '../../testing/fixture-data.ts';
import { discover } from '../../testing/fixture-discovery.ts';
import { canForget, enginesOf, farmName, farmWords, unused } from './engines.ts';
import { nameError, nameOf, uriError, uriWords } from './new-connection.ts';

const candidates = () => discover('few', {}, connections(), []).candidates;

describe('what can build', () => {
  it('is what was found, then what was added by hand', () => {
    const engines = enginesOf(candidates(), connections());
    expect(engines.map(({ name }) => name)).toEqual([
      ...candidates().map(({ name }) => name),
      'graviton',
      'riscv-board',
      's390x-lab',
    ]);
    expect(engines.filter(({ connection }) => connection).length).toBe(6);
    expect(engines.at(-1)?.source).toBe('added');
  });

  it('shows a connection once, under the name that a person gave it', () => {
    const [nas] = candidates().filter(({ name }) => name === 'nas');
    const engines = enginesOf(nas ? [nas] : [], [{ name: 'storage', uri: 'ssh://admin@nas.lan' }]);
    expect(engines.map(({ name }) => name)).toEqual(['storage']);
  });

  it('forgets a connection only if the switch would make the very same again and no farm has it', () => {
    const [engine] = enginesOf(
      [{ source: 'ssh-config', name: 'nas', uri: 'ssh://nas', notes: [] }],
      [{ name: 'nas', uri: 'ssh://nas' }],
    );
    const [changed] = enginesOf(
      [{ source: 'ssh-config', name: 'nas', uri: 'ssh://nas', notes: [] }],
      [{ name: 'nas', uri: 'ssh://nas', identity: '~/.ssh/other' }],
    );
    expect(engine && canForget(engine, [])).toBe(true);
    expect(engine && canForget(engine, [{ name: 'home', connections: ['nas'] }])).toBe(false);
    expect(changed && canForget(changed, [])).toBe(false);
  });
});

describe('a new farm', () => {
  it('has a name that is free', () => {
    expect(farmName([])).toBe('home');
    expect(farmName([{ name: 'home', connections: [] }])).toBe('farm');
    const taken = ['home', 'farm', 'farm-2'].map((name) => ({ name, connections: [] }));
    expect(farmName(taken)).toBe('farm-3');
  });

  it('begins with the connections that no farm has', () => {
    expect(unused(connections(), [{ name: 'home', connections: ['big-amd', 'pi4'] }])).toEqual([
      'this-computer',
      'graviton',
      'riscv-board',
      's390x-lab',
    ]);
  });

  it('says of how many it is made', () => {
    expect([0, 1, 3].map(farmWords)).toEqual(['Make a farm', 'Make a farm of this one', 'Make a farm of these 3']);
  });
});

describe('an address', () => {
  it.each([
    ['ssh://pi@pi4.lan', 'pi4', 'By SSH to pi on pi4.lan; the engine is found there.'],
    ['pi@10.0.0.7:2222', '10.0.0.7', 'By SSH to pi on 10.0.0.7, port 2222; the engine is found there.'],
    ['local:', 'this-computer', 'The engine of this computer, wherever it is.'],
    ['unix:///run/podman.sock', 'this-computer', 'The engine on this computer at /run/podman.sock.'],
  ])('%s is called %s', (uri, name, words) => {
    expect(nameOf(uri)).toBe(name);
    expect(uriWords(uri)).toBe(words);
    expect(uriError(uri)).toBeUndefined();
  });

  it('that cannot be used says why, and makes no name', () => {
    expect(uriError('tcp://x:1')).toMatch(/cannot use/);
    expect(nameOf('tcp://x:1')).toBe('');
    expect(nameError('pi 4', [])).toMatch(/letters, digits/);
    expect(nameError('pi4', ['pi4'])).toBe('There is a connection pi4 already.');
  });
});

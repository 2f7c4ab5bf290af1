import { describe, expect, it } from 'vitest';
import { parseDestination } from '../../../shared/connection.ts';
import { destinationInWords, errorsOf, isUnfinished, suggestName } from './draft.ts';

const words = (uri: string) => {
  const destination = parseDestination(uri);
  return typeof destination === 'string' ? destination : destinationInWords(destination);
};

describe('a draft of a connection', () => {
  it('is right with a name and a destination', () => {
    expect(errorsOf({ name: 'pi4', uri: 'pi@pi4.lan', identity: '' }, ['big-amd'])).toEqual({});
  });

  it('says what is missing or wrong, a field at a time', () => {
    expect(errorsOf({ name: '', uri: ' ', identity: '' }, [])).toEqual({
      name: 'Give it a name.',
      uri: 'Say where the engine is.',
    });
    expect(errorsOf({ name: 'pi4', uri: 'http://pi4', identity: '' }, ['pi4'])).toEqual({
      name: 'There is a connection pi4 already.',
      uri: '"http://pi4" starts with http://, which Barnraiser cannot use. Write ssh://… or unix://….',
    });
    expect(errorsOf({ name: 'a b', uri: 'pi4', identity: '' }, []).name).toMatch(/^A name is/);
  });

  it('waits with what is wrong until the part before the host is written', () => {
    expect(['s', 'ssh', 'ssh:', 'ssh://', 'unix://', 'unix:///'].map(isUnfinished)).not.toContain(false);
    expect(isUnfinished('local:')).toBe(false);
    expect(['ssh://p', 'http://', 'pi@'].map(isUnfinished)).toEqual([false, true, false]);
  });

  it('is named after its host', () => {
    expect(suggestName('ssh://pi@pi4.lan:22/run/podman.sock', [])).toBe('pi4');
    expect(suggestName('root@192.168.1.7', [])).toBe('192.168.1.7');
    expect(suggestName('ssh://[2001:db8::7]', [])).toBe('2001-db8-7');
    expect(suggestName('unix:///run/podman/podman.sock', ['this-computer'])).toBe('this-computer-2');
    expect(suggestName('local:', [])).toBe('this-computer');
    expect(suggestName('', [])).toBe('');
    expect(suggestName('ssh://', [])).toBe('');
  });

  it('counts up to a name that is free', () => {
    expect(suggestName('ssh://pi', ['pi', 'pi-2'])).toBe('pi-3');
  });

  it('is said back in words', () => {
    expect(words('pi@pi4.lan:2222')).toBe('SSH to pi4.lan, port 2222, as pi. The engine’s socket is looked for there.');
    expect(words('ssh://pi4/run/docker.sock')).toBe(
      'SSH to pi4, the rest as your SSH configuration says. The engine’s socket is /run/docker.sock.',
    );
    expect(words('local:')).toMatch(/^This computer’s engine, wherever it is/);
    expect(words('unix:///run/podman.sock')).toBe('The socket /run/podman.sock on this computer.');
  });
});

import { describe, expect, it } from 'vitest';
import { parseDestination } from '../../../shared/connection.ts';
import { describeDestination, isIncomplete, suggestName, validateDraft } from './draft.ts';

const describeUri = (uri: string) => {
  const destination = parseDestination(uri);
  return typeof destination === 'string' ? destination : describeDestination(destination);
};

describe('a connection draft', () => {
  it('is valid with a name and a URI', () => {
    expect(validateDraft({ name: 'pi4', uri: 'pi@pi4.lan', identity: '' }, ['big-amd'])).toEqual({});
  });

  it('has one error for each missing or invalid field', () => {
    expect(validateDraft({ name: '', uri: ' ', identity: '' }, [])).toEqual({
      name: 'Enter a name.',
      uri: 'Enter a URI.',
    });
    expect(validateDraft({ name: 'pi4', uri: 'http://pi4', identity: '' }, ['pi4'])).toEqual({
      name: 'A connection named pi4 already exists.',
      uri: '"http://pi4" starts with http://, which is not supported. Use ssh://… or unix://….',
    });
    expect(validateDraft({ name: 'a b', uri: 'pi4', identity: '' }, []).name).toMatch(/^A name has/);
  });

  it('is incomplete until the part before the host is typed', () => {
    expect(['s', 'ssh', 'ssh:', 'ssh://', 'unix://', 'unix:///'].map(isIncomplete)).not.toContain(false);
    expect(isIncomplete('local:')).toBe(false);
    expect(['ssh://p', 'http://', 'pi@'].map(isIncomplete)).toEqual([false, true, false]);
  });

  it('gets its suggested name from the host', () => {
    expect(suggestName('ssh://pi@pi4.lan:22/run/podman.sock', [])).toBe('pi4');
    expect(suggestName('root@192.168.1.7', [])).toBe('192.168.1.7');
    expect(suggestName('ssh://[2001:db8::7]', [])).toBe('2001-db8-7');
    expect(suggestName('unix:///run/podman/podman.sock', ['this-computer'])).toBe('this-computer-2');
    expect(suggestName('local:', [])).toBe('this-computer');
    expect(suggestName('', [])).toBe('');
    expect(suggestName('ssh://', [])).toBe('');
  });

  it('gets the next free name', () => {
    expect(suggestName('ssh://pi', ['pi', 'pi-2'])).toBe('pi-3');
  });

  it('is described in words', () => {
    expect(describeUri('pi@pi4.lan:2222')).toBe(
      'SSH to pi4.lan, port 2222, as pi. The engine socket is found automatically.',
    );
    expect(describeUri('ssh://pi4/run/docker.sock')).toBe(
      'SSH to pi4, other settings from your SSH configuration. Engine socket: /run/docker.sock.',
    );
    expect(describeUri('local:')).toMatch(/^The engine on this computer\. Its socket is found automatically/);
    expect(describeUri('unix:///run/podman.sock')).toBe('The socket /run/podman.sock on this computer.');
  });
});

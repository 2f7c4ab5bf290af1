import { describe, expect, it } from 'vitest';
import { parseDestination } from '../../../shared/connection.ts';
import {
  describeDestination,
  emptyDraft,
  isIncomplete,
  isUnencrypted,
  needsIdentity,
  needsTls,
  suggestName,
  toConnection,
  toDraft,
  validateDraft,
} from './draft.ts';

const describeUri = (uri: string) => {
  const destination = parseDestination(uri);
  return typeof destination === 'string' ? destination : describeDestination(destination);
};

const draftOf = (name: string, uri: string) => ({ ...emptyDraft, name, uri });

describe('a connection draft', () => {
  it('is valid with a name and a URI', () => {
    expect(validateDraft(draftOf('pi4', 'pi@pi4.lan'), ['big-amd'])).toEqual({});
  });

  it('has one error for each missing or invalid field', () => {
    expect(validateDraft(draftOf('', ' '), [])).toEqual({
      name: 'Enter a name.',
      uri: 'Enter a URI.',
    });
    expect(validateDraft(draftOf('pi4', 'http://pi4'), ['pi4'])).toEqual({
      name: 'A connection named pi4 already exists.',
      uri: '"http://pi4" starts with http://, which is not supported. Use ssh://, unix://, tcp://, docker-container:// or kube-pod://.',
    });
    expect(validateDraft(draftOf('a b', 'pi4'), []).name).toMatch(/^A name has/);
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

  it('is described in words for engines over TCP, in containers and in pods', () => {
    expect(describeUri('tcp://big.lan:2376')).toBe('TCP to big.lan, port 2376.');
    expect(describeUri(`docker-container://bk?host=${encodeURIComponent('ssh://root@big')}`)).toBe(
      'BuildKit in the container bk, through the docker on big.',
    );
    expect(describeUri('docker-container://bk')).toBe(
      'BuildKit in the container bk, through the docker that is in use here.',
    );
    expect(describeUri('kube-pod://bk-0?namespace=ci&context=prod')).toBe(
      'BuildKit in the pod bk-0, namespace ci, context prod, through kubectl.',
    );
    expect(suggestName('kube-pod://bk-0?namespace=ci', [])).toBe('bk-0');
  });

  it('has fields of SSH and TLS only where the URI needs them, also for the engine of a container', () => {
    const fields = (uri: string) => {
      const destination = parseDestination(uri);
      return [needsIdentity(destination), needsTls(destination)];
    };
    expect(fields('')).toEqual([true, false]);
    expect(fields('pi4')).toEqual([true, false]);
    expect(fields('tcp://big:2376')).toEqual([false, true]);
    expect(fields('docker-container://bk?host=tcp://big:2376')).toEqual([false, true]);
    expect(fields('docker-container://bk?context=big')).toEqual([true, false]);
    expect(fields('kube-pod://bk-0')).toEqual([false, false]);
  });

  it('asks for a confirmation only where TCP to another machine has no TLS', () => {
    expect(isUnencrypted(draftOf('big', 'tcp://big:2375'))).toBe(true);
    expect(isUnencrypted(draftOf('big', 'tcp://127.0.0.1:2375'))).toBe(false);
    expect(isUnencrypted(draftOf('big', 'ssh://big'))).toBe(false);
    expect(isUnencrypted({ ...draftOf('big', 'tcp://big:2376'), tlsCa: '/ca.pem' })).toBe(false);
  });

  it('becomes a connection without options that are empty or not needed, and back', () => {
    const draft = {
      ...draftOf('big', ' tcp://big:2376 '),
      identity: '~/.ssh/id',
      tlsCa: ' ~/ca.pem ',
      platforms: 'arm64, amd64',
    };
    const connection = toConnection(draft);
    expect(connection).toEqual({
      name: 'big',
      uri: 'tcp://big:2376',
      tlsCa: '~/ca.pem',
      platforms: ['linux/arm64', 'linux/amd64'],
    });
    expect(toConnection(toDraft(connection))).toEqual(connection);
    expect(validateDraft({ ...draft, platforms: 'arm64 nothing' }, []).platforms).toBe(
      '"nothing" is not a valid platform.',
    );
  });
});

import { expect, test } from 'vitest';
import { NodeIdentities } from './same-machine.ts';

test('connections to one engine, and to another engine of its machine, know each other', () => {
  const identities = new NodeIdentities();
  identities.set('amd-a', { machineId: 'm', engineId: 'podman' });
  identities.set('amd-a-2', { machineId: 'm', engineId: 'podman' });
  identities.set('dock', { machineId: 'm', engineId: 'docker' });
  identities.set('other', { machineId: 'n', engineId: 'o' });
  identities.set('silent', {});
  identities.set('quiet', {});
  expect(identities.relativesOf('amd-a')).toEqual({ sameAs: 'amd-a-2', sameMachineAs: 'amd-a-2' });
  expect(identities.relativesOf('amd-a-2')).toEqual({ sameAs: 'amd-a', sameMachineAs: 'amd-a' });
  expect(identities.relativesOf('dock')).toEqual({ sameMachineAs: 'amd-a' });
  for (const name of ['other', 'silent', 'quiet', 'unknown']) {
    expect(identities.relativesOf(name)).toEqual({});
  }
  identities.delete('amd-a-2');
  expect(identities.relativesOf('amd-a')).toEqual({ sameMachineAs: 'dock' });
});

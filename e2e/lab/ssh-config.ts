import type { LabNode } from './lab.ts';

/** The machines of the guide, and the nodes that stand for them. */
const guideMachines: Readonly<Record<string, string>> = {
  'amd-b': 'big.lan',
  'docker-arm': 'pi4.lan',
  'amd-a': 'old.lan',
};

/** An SSH configuration with nodes by their names, and by those that the guide gives to machines. */
export function sshConfig(nodes: readonly LabNode[]): string {
  return nodes
    .map(({ name, port, identity, knownHosts }) =>
      [
        `Host ${[name, guideMachines[name] ?? []].flat().join(' ')}`,
        '  HostName 127.0.0.1',
        `  Port ${port}`,
        '  User root',
        `  IdentityFile "${identity}"`,
        '  IdentitiesOnly yes',
        `  UserKnownHostsFile "${knownHosts}"`,
        '',
      ].join('\n'),
    )
    .join('\n');
}

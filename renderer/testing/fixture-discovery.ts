import type { Connection } from '../../shared/connection.ts';
import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import type { Candidate, Discovery } from '../../shared/discovery.ts';
import type { Farm } from '../../shared/farm.ts';
import { freeName } from '../../shared/free-name.ts';
import { fail } from '../../shared/problem.ts';

/** How much the fixture discovers: a few engines, nothing, or hundreds of hosts in an SSH configuration. */
export type DiscoveryScene = 'few' | 'nothing' | 'many';

const fewCandidates: readonly Omit<Candidate, 'notes'>[] = [
  { source: 'local', name: 'this-computer', uri: 'unix:///run/user/1000/podman/podman.sock' },
  { source: 'ssh-config', name: 'big-amd', uri: 'ssh://build@big-amd.lan' },
  { source: 'ssh-config', name: 'pi4', uri: 'ssh://pi@192.168.1.44', identity: '~/.ssh/id_farm' },
  { source: 'ssh-config', name: 'nas', uri: 'ssh://admin@nas.lan' },
  { source: 'ssh-config', name: 'mac-mini', uri: 'ssh://anna@mac-mini.lan' },
  {
    source: 'podman',
    name: 'podman-machine-default',
    uri: 'ssh://core@127.0.0.1:51234/run/user/501/podman/podman.sock',
    identity: '~/.local/share/containers/podman/machine/machine',
  },
];

/** The candidates of the scene `few`, before they are compared with connections. */
function listFewCandidates(): Candidate[] {
  return fewCandidates.map((candidate) => ({ ...candidate, notes: [] }));
}

const manyCandidates: readonly Candidate[] = [
  { source: 'podman', name: 'rack-a', uri: 'ssh://root@rack-a.example.com/run/podman/podman.sock', notes: [] },
  {
    source: 'podman',
    name: 'rack-b',
    uri: 'ssh://root@rack-b.example.com/run/podman/podman.sock',
    identity: '~/.ssh/id_rack',
    notes: ['Its identity file ~/.ssh/id_rack is not there.'],
  },
  { source: 'containers-conf', name: 'office', uri: 'ssh://build@office.example.com', notes: [] },
  { source: 'docker', name: 'staging', uri: 'ssh://deploy@staging.example.com', notes: [] },
  {
    source: 'buildx',
    name: 'multi1',
    uri: 'ssh://pi@pi5.example.com',
    notes: [
      'In builder "multi" it builds linux/arm64 and linux/arm/v7. To keep that, pin them to it in a build.',
      'Builds use docker itself, not the container of builder "multi" and its settings.',
    ],
  },
  { source: 'environment', name: 'docker-host', uri: 'ssh://build@dock.example.com', notes: [] },
];

function discoveryOf(scene: DiscoveryScene): Discovery {
  if (scene === 'nothing') {
    return { candidates: [], farms: [], notes: [] };
  }
  const hosts = Array.from({ length: scene === 'many' ? 200 : 0 }, (_, index): Candidate => {
    const name = `web-${String(index + 1).padStart(3, '0')}`;
    const sameMachineAs = index === 0 ? { sameMachineAs: 'rack-a' } : {};
    return { source: 'ssh-config', name, uri: `ssh://${name}`, ...sameMachineAs, notes: [] };
  });
  return {
    candidates: [...listFewCandidates(), ...(scene === 'many' ? manyCandidates : []), ...hosts],
    farms:
      scene === 'many'
        ? [
            { source: 'podman', name: 'racks', connections: ['rack-a', 'rack-b'], isDefault: true },
            { source: 'buildx', name: 'multi', connections: ['staging', 'multi1'], isDefault: false },
          ]
        : [],
    notes:
      scene === 'many'
        ? [
            {
              source: 'ssh-config',
              path: '/home/anna/.ssh/config',
              message: 'Host "rack 7" has a name that cannot be used in a URI. Give it a simpler alias.',
            },
            {
              source: 'buildx',
              path: '/home/anna/.docker/buildx/instances/k8s',
              message: 'Builder "k8s" runs BuildKit in Kubernetes, which Barnraiser cannot use.',
            },
            {
              source: 'docker',
              path: '/home/anna/.docker/contexts/meta/4f1c/meta.json',
              message:
                '"cloud" uses tcp://, which is not supported. Connect to its machine over SSH: `barnraiser connection add cloud ssh://user@host`.',
            },
          ]
        : [],
  };
}

/** The result of `connections.discover`. A file has the format that the fixture exports. */
export function discover(
  scene: DiscoveryScene,
  { file }: CallRequest<'connections.discover'>,
  connections: readonly Connection[],
  farms: readonly Farm[],
): Discovery {
  const { candidates, farms: allFarms, notes } = file ? discoveryInFile(file) : discoveryOf(scene);
  return {
    candidates: candidates.map((candidate) => {
      const known = connections.find(({ uri, name }) => uri === candidate.uri || (!file && name === candidate.name));
      return { ...candidate, ...(known ? { connection: known.name } : {}) };
    }),
    farms: allFarms.map((farm) => ({
      ...farm,
      ...(farms.some(({ name }) => name === farm.name) ? { farm: farm.name } : {}),
    })),
    notes,
  };
}

interface ConnectionsAndFarms {
  readonly connections: readonly Connection[];
  readonly farms: readonly Farm[];
}

function discoveryInFile({ name, text }: { name: string; text: string }): Discovery {
  try {
    const { connections, farms } = JSON.parse(text) as ConnectionsAndFarms;
    return {
      candidates: connections.map((connection) => ({ source: 'file', ...connection, notes: [] })),
      farms: farms.map((farm) => ({ source: 'file', ...farm, connections: [...farm.connections], isDefault: false })),
      notes: [],
    };
  } catch (error) {
    throw fail(
      'connection.file',
      `${name} contains no connections or farms.`,
      'Choose a file that Barnraiser or podman has written.',
      undefined,
      error,
    );
  }
}

export function exportText(
  connections: readonly Connection[],
  farms: readonly Farm[],
): CallOutput<'connections.export'> {
  return {
    text: `${JSON.stringify({ connections, farms }, undefined, 2)}\n`,
    connections: connections.length,
    farms: farms.length,
  };
}

/** @returns the connections and farms after an import, and its report */
export function importInto(
  before: ConnectionsAndFarms,
  { connections, farms }: CallRequest<'connections.import'>,
): ConnectionsAndFarms & { readonly report: CallOutput<'connections.import'> } {
  const names = new Map<string, string>();
  const all = [...before.connections];
  const report: CallOutput<'connections.import'> = { added: [], known: [], farmsCreated: [], farmsChanged: [] };
  for (const { name, uri, identity } of connections) {
    const known = all.find((other) => other.uri === uri);
    const connection = known?.name ?? freeName(name, (other) => all.some((connection) => connection.name === other));
    names.set(name, connection);
    (known ? report.known : report.added).push({ name, connection });
    if (!known) {
      all.push({ name: connection, uri, ...(identity === undefined ? {} : { identity }) });
    }
  }
  const changed = before.farms.map((farm) => {
    const missing = (farms.find(({ name }) => name === farm.name)?.connections ?? [])
      .map((name) => names.get(name) ?? name)
      .filter((name) => !farm.connections.includes(name));
    if (missing.length > 0) {
      report.farmsChanged.push(farm.name);
    }
    return { ...farm, connections: [...farm.connections, ...missing] };
  });
  const created = farms
    .filter(({ name }) => !before.farms.some((farm) => farm.name === name))
    .map(({ name, connections: members }) => ({ name, connections: members.map((each) => names.get(each) ?? each) }));
  report.farmsCreated.push(...created.map(({ name }) => name));
  return { connections: all, farms: [...changed, ...created], report };
}

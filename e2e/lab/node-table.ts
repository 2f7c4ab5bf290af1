/**
 * The nodes of the lab. To add a node, add a row to `nodeRows`; for an architecture, a row to `architectures`; for an engine, a
 * row to `engines` and a case to node-init.sh.
 */
import path from 'node:path';
import { firstNodePort, labFolder } from './settings.ts';

/** As in image configurations (GOARCH). */
export type Architecture = 'amd64' | 'arm64';
export type Engine = 'podman' | 'docker' | 'buildkit';
export type Suite = 'bookworm' | 'trixie' | 'sid';

/** What a root file system is made of. */
export interface RootKind {
  /** The Debian release, which determines the versions of the engines. */
  suite: Suite;
  architecture: Architecture;
  /** Packages besides those of make-root-file-system.sh. */
  packages?: readonly string[];
}

export interface NodeRow extends RootKind {
  name: string;
  engine: Engine;
  /** Settings of docker (`features` in daemon.json). A BuildKit node without them runs buildkitd, which the lab builds. */
  features?: Readonly<Record<string, boolean>>;
  /** Started only by its name or with `up --all`. */
  isOnDemand?: true;
  /** Megabytes for what the engine stores. Default: as much as this machine has. */
  diskMb?: number;
  /** SSH port. Default: the next one after that of the row before. */
  port?: number;
}

const sid = { suite: 'sid', architecture: 'amd64', packages: ['docker-buildx'] } as const;
const containerdStore = { 'containerd-snapshotter': true };

export const nodeRows: readonly NodeRow[] = [
  { name: 'amd-a', engine: 'podman', architecture: 'amd64', suite: 'bookworm' }, // podman 4.3.1
  { name: 'amd-b', engine: 'podman', architecture: 'amd64', suite: 'trixie' }, // podman 5.4.2
  { name: 'arm-a', engine: 'podman', architecture: 'arm64', suite: 'trixie' }, // podman 5.4.2
  { name: 'docker-a', engine: 'docker', architecture: 'amd64', suite: 'trixie' }, // docker 26.1.5
  { name: 'docker-arm', engine: 'docker', architecture: 'arm64', suite: 'trixie' }, // docker 26.1.5
  // docker without BuildKit
  { name: 'docker-classic', engine: 'docker', architecture: 'amd64', suite: 'trixie', features: { buildkit: false } },
  // The BuildKit of a docker with containerd's image store, which has the exporters of buildkitd, is there at once.
  { name: 'buildkit-a', engine: 'buildkit', architecture: 'amd64', suite: 'trixie', features: containerdStore },
  {
    name: 'docker-old', // docker 20.10.24
    engine: 'docker',
    architecture: 'amd64',
    suite: 'bookworm',
    packages: ['docker.io', 'iptables', 'iproute2'],
    isOnDemand: true,
  },
  { name: 'buildkitd', engine: 'buildkit', architecture: 'amd64', suite: 'trixie', isOnDemand: true },
  { name: 'docker-new', engine: 'docker', ...sid, isOnDemand: true }, // docker 28.5 and newer
  { name: 'podman-new', engine: 'podman', ...sid, isOnDemand: true }, // podman 5.8 and newer
  {
    name: 'docker-store',
    engine: 'docker',
    architecture: 'amd64',
    suite: 'trixie',
    features: containerdStore,
    isOnDemand: true,
  },
];

/** The nodes of `lab up`. */
export const standardRows = nodeRows.filter(({ isOnDemand }) => !isOnDemand);

export const engines: Record<Engine, { socket: string }> = {
  podman: { socket: '/run/podman/podman.sock' },
  docker: { socket: '/run/docker.sock' },
  buildkit: { socket: '/run/buildkit/buildkitd.sock' },
};

/** How the kernel recognises a program of a foreign architecture, and the emulator of qemu-user that runs it. */
export interface Emulation {
  /** `qemu-ARCH`: the name of the binfmt_misc handler in all distributions, and of the emulator. */
  handler: string;
  magic: string;
  mask: string;
}

// ELF header: class, byte order, version, nine ignored bytes, type (2 or 3: an executable), machine
const eightZeros = '\\x00'.repeat(8);
const eightOnes = '\\xff'.repeat(8);

/** Debian's name of the architecture, and its emulation if amd64 machines cannot run it. */
export const architectures: Record<Architecture, { debian: string; emulation?: Emulation }> = {
  amd64: { debian: 'amd64' },
  arm64: {
    debian: 'arm64',
    emulation: {
      handler: 'qemu-aarch64',
      magic: `\\x7f\\x45\\x4c\\x46\\x02\\x01\\x01\\x00${eightZeros}\\x02\\x00\\xb7\\x00`,
      mask: `\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00${eightOnes}\\xfe\\xff\\xff\\xff`,
    },
  },
};

/** Architectures of the nodes that need an emulator. */
export function emulations(): Emulation[] {
  const used = new Set(nodeRows.map((row) => row.architecture));
  return [...used].flatMap((architecture) => architectures[architecture].emulation ?? []);
}

export function nodePort(row: NodeRow): number {
  return row.port ?? firstNodePort + nodeRows.indexOf(row);
}

export function nodeFolder(row: NodeRow): string {
  return path.join(labFolder, 'nodes', row.name);
}

export function nodeRow(name: string): NodeRow {
  const row = nodeRows.find((candidate) => candidate.name === name);
  if (!row) {
    throw new Error(`The lab has no node ${name}. It has ${nodeRows.map((each) => each.name).join(', ')}.`);
  }
  return row;
}

/** A node like another, with a small disk. It has a port and files of its own. */
export function smallRow(row: NodeRow): NodeRow {
  return { ...row, name: `${row.name}-small`, diskMb: 64, port: nodePort(row) + 40 };
}

export function runsBuildkitd(row: NodeRow): boolean {
  return row.engine === 'buildkit' && !row.features;
}

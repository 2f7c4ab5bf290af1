/**
 * The nodes of the lab. To add a node, add a row to `nodeRows`; for an architecture, a row to `architectures`; for an engine, a
 * row to `engines` and a case to node-init.sh.
 */
import path from 'node:path';
import { firstNodePort, labFolder } from './settings.ts';

/** As in image configurations (GOARCH). */
export type Architecture = 'amd64' | 'arm64';
export type Engine = 'podman' | 'docker';
export type Suite = 'bookworm' | 'trixie';

export interface NodeRow {
  name: string;
  engine: Engine;
  architecture: Architecture;
  /** The Debian release of the node, which determines the engine's version. */
  suite: Suite;
}

export const nodeRows: readonly NodeRow[] = [
  { name: 'amd-a', engine: 'podman', architecture: 'amd64', suite: 'bookworm' }, // podman 4.3.1
  { name: 'amd-b', engine: 'podman', architecture: 'amd64', suite: 'trixie' }, // podman 5.4.2
  { name: 'arm-a', engine: 'podman', architecture: 'arm64', suite: 'trixie' }, // podman 5.4.2
  { name: 'docker-a', engine: 'docker', architecture: 'amd64', suite: 'trixie' }, // docker 26.1.5
  { name: 'docker-arm', engine: 'docker', architecture: 'arm64', suite: 'trixie' }, // docker 26.1.5
];

export const engines: Record<Engine, { socket: string }> = {
  podman: { socket: '/run/podman/podman.sock' },
  docker: { socket: '/run/docker.sock' },
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
  return firstNodePort + nodeRows.indexOf(row);
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

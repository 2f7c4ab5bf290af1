/**
 * The nodes of the lab. A new machine is a row in `nodeRows`; a new architecture, a row in `architectures`; a new
 * engine, a case in node-init.sh and a row in `engines`.
 */
import path from 'node:path';
import { firstNodePort, labFolder } from './settings.ts';

/** By the names that images use (GOARCH). */
export type Architecture = 'amd64' | 'arm64';
export type Engine = 'podman' | 'docker';
export type Suite = 'bookworm' | 'trixie';

export interface NodeRow {
  name: string;
  engine: Engine;
  architecture: Architecture;
  /** The Debian release the node runs, which decides the engine's version. */
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

/** How the kernel knows a program of a foreign architecture, and the program of qemu-user that runs it. */
export interface Emulation {
  /** Name of the handler, `qemu-ARCH`, as every distribution calls it. */
  handler: string;
  magic: string;
  mask: string;
}

// ELF header: class, byte order, version, nine bytes that do not matter, type (2 or 3: a program), machine.
const eightZeros = '\\x00'.repeat(8);
const eightOnes = '\\xff'.repeat(8);

/** Debian's name for the architecture, and its emulation where this machine cannot run it. */
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

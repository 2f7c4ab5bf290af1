/**
 * The lab: real build nodes and a registry on this one machine, for tests and the demo. This module is all that they
 * need of it, besides base-image.ts and registries.ts.
 */
import { mkdir, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { asRoot, mustRun, type Outcome, type RunOptions } from './command.ts';
import { ensureEmulators, removeEmulators } from './emulator.ts';
import { checkHost } from './host-check.ts';
import { ensureClientKey, identityFile, knownHostsFile } from './keys.ts';
import { labRegistryAnswers, registryAddress, startLabRegistry, stopLabRegistry } from './lab-registry.ts';
import { withLabLock } from './lock.ts';
import { stopMachine } from './machine.ts';
import { nodeAnswers, runInNode, startNodeOf, stopNodeOf } from './node.ts';
import { type Architecture, type Engine, engines, type NodeRow, nodePort, nodeRow, nodeRows } from './node-table.ts';
import { ensurePackages } from './packages.ts';
import { step } from './progress.ts';
import { ensureRoots, removeOutdatedRoots } from './root-file-system.ts';
import { labFolder } from './settings.ts';
import { together } from './together.ts';

export { type ExtraSshd, startExtraSshd } from './extra-sshd.ts';
export { type Machine, startMachine, whyNoMachine } from './machine.ts';

export interface LabNode {
  name: string;
  /** The engine's socket over SSH, as podman writes its connections. */
  uri: string;
  port: number;
  engine: Engine;
  /** The engine's socket on the node. */
  socket: string;
  platform: `linux/${Architecture}`;
  /** Private key file of the client. */
  identity: string;
  /** known_hosts file that holds this node's key and no other. */
  knownHosts: string;
  status: 'up' | 'down';
}

export interface Lab {
  folder: string;
  nodes: LabNode[];
  registry: { address: string; status: 'up' | 'down' };
}

/** Brings up what is not up yet: packages, root file systems, registry, nodes. Needs root or sudo. */
export async function labUp(): Promise<Lab> {
  await checkHost();
  return withLabLock(async () => {
    await mkdir(path.join(labFolder, 'nodes'), { recursive: true });
    await ensurePackages();
    await ensureClientKey();
    await ensureRoots();
    await ensureEmulators();
    if (!(await labRegistryAnswers())) {
      await step('registry', startLabRegistry);
    }
    await together(nodeRows.map(ensureNode));
    await removeOutdatedRoots();
    return labStatus();
  });
}

/** How the lab is right now; changes nothing. */
export async function labStatus(): Promise<Lab> {
  const [nodes, registry] = await Promise.all([Promise.all(nodeRows.map(describe)), labRegistryAnswers()]);
  return { folder: labFolder, nodes, registry: { address: registryAddress, status: upOrDown(registry) } };
}

/** Ends every process of the lab and takes back its emulators. What nodes and registry store stays. */
export function labDown(): Promise<Lab> {
  return withLabLock(async () => {
    await step('stop nodes and registry', stopAll);
    return labStatus();
  });
}

/** As `labDown`, and removes everything the lab ever made but the packages. */
export async function labClean(): Promise<Lab> {
  await withLabLock(async () => {
    await step('stop nodes and registry', stopAll);
    const made = ['nodes', 'roots', 'registry', 'emulators', 'keys', 'apt-options', 'machine'];
    const files = made.map((name) => path.join(labFolder, name));
    await step('remove files', () => mustRun(asRoot('rm', '-rf', '--one-file-system', ...files)));
  });
  // The folder may have been somebody's own; then it stays.
  await rmdir(labFolder).catch(() => undefined);
  return labStatus();
}

/** Ends a node as a power cut would. */
export function stopNode(name: string): Promise<Lab> {
  const row = nodeRow(name);
  return withLabLock(async () => {
    await step(`stop ${name}`, () => stopNodeOf(row));
    return labStatus();
  });
}

/** Starts a node of a lab that was up before; one that runs is left alone. */
export function startNode(name: string): Promise<Lab> {
  const row = nodeRow(name);
  return withLabLock(async () => {
    await ensureEmulators();
    await ensureNode(row);
    return labStatus();
  });
}

/** Runs a shell command inside a node, as root and without SSH. */
export function nodeShell(name: string, command: string, options?: RunOptions): Promise<Outcome> {
  return runInNode(nodeRow(name), command, options);
}

async function ensureNode(row: NodeRow): Promise<void> {
  if (!(await nodeAnswers(row))) {
    await step(`node ${row.name}`, () => startNodeOf(row));
  }
}

async function stopAll(): Promise<void> {
  await together([...nodeRows.map(stopNodeOf), stopLabRegistry(), stopMachine()]);
  await removeEmulators();
}

async function describe(row: NodeRow): Promise<LabNode> {
  const { socket } = engines[row.engine];
  const port = nodePort(row);
  return {
    name: row.name,
    uri: `ssh://root@127.0.0.1:${port}${socket}`,
    port,
    engine: row.engine,
    socket,
    platform: `linux/${row.architecture}`,
    identity: identityFile,
    knownHosts: knownHostsFile(row),
    status: upOrDown(await nodeAnswers(row)),
  };
}

function upOrDown(up: boolean): 'up' | 'down' {
  return up ? 'up' : 'down';
}

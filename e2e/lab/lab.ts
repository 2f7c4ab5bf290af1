/**
 * The lab: real build nodes and a registry on this machine, for tests and the demo. They use this module, base-image.ts and
 * registries.ts.
 */
import { existsSync } from 'node:fs';
import { mkdir, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { ensureBuildkitd } from './buildkitd.ts';
import { asRoot, mustRun, type Outcome, type RunOptions } from './command.ts';
import { ensureClientKey, identityFile, knownHostsFile } from './credentials.ts';
import { ensureEmulators, removeEmulators } from './emulator.ts';
import { checkHost } from './host-check.ts';
import { isLabRegistryUp, registryAddress, startLabRegistry, stopLabRegistry } from './lab-registry.ts';
import { withLabLock } from './lock.ts';
import { stopMachine } from './machine.ts';
import { commandAtRoot, engineSocketOf, isNodeUp, runInNode, startNodeProcess, stopNodeProcess } from './node.ts';
import {
  type Architecture,
  type Engine,
  engines,
  type NodeRow,
  nodeFolder,
  nodePort,
  nodeRow,
  nodeRows,
  runsBuildkitd,
  smallRow,
  standardRows,
} from './node-table.ts';
import { ensurePackages } from './packages.ts';
import { runStep } from './progress.ts';
import { ensureRoots, removeOutdatedRoots, scriptPath } from './root-file-system.ts';
import { labFolder, secondLab, secondLabFolder } from './settings.ts';
import { settleAll } from './wait.ts';

export { type ExtraSshd, startExtraSshd } from './extra-sshd.ts';
export { findMachineObstacle, type Machine, startMachine } from './machine.ts';

export interface LabNode {
  name: string;
  /** The engine's socket over SSH, as in podman's connections. */
  uri: string;
  port: number;
  engine: Engine;
  /** The engine's socket on the node. */
  socket: string;
  platform: `linux/${Architecture}`;
  /** Private key file of the client. */
  identity: string;
  /** known_hosts file with only this node's key. */
  knownHosts: string;
  status: 'up' | 'down';
}

export interface Lab {
  folder: string;
  /** Those that {@link labUp} starts by itself. */
  nodes: LabNode[];
  onDemand: LabNode[];
  registry: { address: string; status: 'up' | 'down' };
}

/**
 * Installs, creates and starts whatever is missing: packages, root file systems, registry, nodes. Needs root or sudo.
 * @param onDemand names of nodes that are started only if they are asked for
 */
export function labUp(onDemand: readonly string[] = []): Promise<Lab> {
  return startRows([...standardRows, ...onDemand.map(nodeRow)]);
}

/** As {@link labUp}, but only these nodes. Others that run are left alone. */
export function nodesUp(names: readonly string[]): Promise<Lab> {
  return startRows(names.map(nodeRow));
}

async function startRows(all: readonly NodeRow[]): Promise<Lab> {
  const rows = [...new Set(all)];
  await checkHost();
  return withLabLock(async () => {
    await mkdir(path.join(labFolder, 'nodes'), { recursive: true });
    await ensurePackages();
    await ensureClientKey();
    await ensurePrograms(rows);
    if (!(await isLabRegistryUp())) {
      await runStep('registry', startLabRegistry);
    }
    await settleAll(rows.map(ensureNode));
    await removeOutdatedRoots();
    return labStatus();
  });
}

/** The current state of the lab. Changes nothing. */
export async function labStatus(): Promise<Lab> {
  const onDemandRows = nodeRows.filter((row) => !standardRows.includes(row));
  const [nodes, onDemand, registry] = await Promise.all([
    Promise.all(standardRows.map(describe)),
    Promise.all(onDemandRows.map(describe)),
    isLabRegistryUp(),
  ]);
  return { folder: labFolder, nodes, onDemand, registry: { address: registryAddress, status: upOrDown(registry) } };
}

/** Ends every process of the lab and unregisters its emulators. Keeps the storage of the nodes and the registry. */
export async function labDown(): Promise<Lab> {
  await endSecondLab('down');
  return withLabLock(async () => {
    await runStep('stop nodes and registry', stopAll);
    return labStatus();
  });
}

/** Ends everything as {@link labDown} does, and removes all files of the lab. Installed packages stay. */
export async function labClean(): Promise<Lab> {
  await endSecondLab('clean');
  await withLabLock(async () => {
    await runStep('stop nodes and registry', stopAll);
    const names = ['nodes', 'roots', 'registry', 'emulators', 'keys', 'apt-options', 'machine', 'buildkitd', 'demo'];
    const files = names.map((name) => path.join(labFolder, name));
    await runStep('remove files', () => mustRun(asRoot('rm', '-rf', '--one-file-system', ...files)));
  });
  // the folder may hold files that are not the lab's, and then stays
  await rmdir(labFolder).catch(() => undefined);
  return labStatus();
}

/** Ends the lab of the specs that run beside others, if there is one. */
async function endSecondLab(command: 'down' | 'clean'): Promise<void> {
  if (existsSync(secondLabFolder)) {
    const variables = Object.entries(secondLab()).map(([name, value]) => `${name}=${value}`);
    const tsx = path.resolve(import.meta.dirname, '../../node_modules/.bin/tsx');
    await mustRun(['env', ...variables, tsx, scriptPath('cli.ts'), command]);
  }
}

/** Kills a node, as a power cut would. */
export function stopNode(name: string): Promise<Lab> {
  const row = nodeRow(name);
  return withLabLock(async () => {
    await runStep(`stop ${name}`, () => stopNodeProcess(row));
    return labStatus();
  });
}

export interface SmallNode {
  readonly node: LabNode;
  /** As {@link runOnNode}. */
  run(command: string): Promise<Outcome>;
  /** Ends the node and removes its files. */
  stop(): Promise<void>;
}

/** Starts another node like `name`, whose disk is full after 64 MB. */
export async function startSmallNode(name: string): Promise<SmallNode> {
  const row = smallRow(nodeRow(name));
  const stop = async (): Promise<void> => {
    await stopNodeProcess(row);
    await mustRun(asRoot('rm', '-rf', '--one-file-system', nodeFolder(row)));
  };
  await startNodeProcess(row);
  return { node: await describe(row), run: (command) => runInNode(row, command), stop };
}

/** Starts a node of a lab that was up before, also one on demand. Does nothing if the node runs. */
export function startNode(name: string): Promise<Lab> {
  const row = nodeRow(name);
  return withLabLock(async () => {
    await ensurePrograms([row]);
    await ensureNode(row);
    return labStatus();
  });
}

/** The engine socket of a node as a path of this computer. */
export function engineSocketOn(name: string): Promise<string> {
  return engineSocketOf(nodeRow(name));
}

/** As {@link runOnNode}, but the mounts begin at the root of the node. Returns the command line. */
export function commandOnNode(name: string, command: string): Promise<readonly string[]> {
  return commandAtRoot(nodeRow(name), command);
}

/** Runs a shell command in a node, as root and without SSH. */
export function runOnNode(name: string, command: string, options?: RunOptions): Promise<Outcome> {
  return runInNode(nodeRow(name), command, options);
}

async function ensurePrograms(rows: readonly NodeRow[]): Promise<void> {
  await ensureRoots(rows);
  await ensureEmulators();
  if (rows.some(runsBuildkitd)) {
    await ensureBuildkitd();
  }
}

async function ensureNode(row: NodeRow): Promise<void> {
  if (!(await isNodeUp(row))) {
    await runStep(`node ${row.name}`, () => startNodeProcess(row));
  }
}

async function stopAll(): Promise<void> {
  const rows = [...nodeRows, ...nodeRows.map(smallRow)];
  await settleAll([...rows.map(stopNodeProcess), stopLabRegistry(), stopMachine()]);
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
    status: upOrDown(await isNodeUp(row)),
  };
}

function upOrDown(up: boolean): 'up' | 'down' {
  return up ? 'up' : 'down';
}

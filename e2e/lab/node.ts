/** One node: starts it, stops it, checks that it answers, and runs commands in it. */
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { bridgeName, createBridge, removeBridge } from './bridge.ts';
import { copyBuildkitd } from './buildkitd.ts';
import { asRoot, mustRun, type Outcome, type RunOptions, run } from './command.ts';
import { writeAtomically, writeNodeKeys } from './credentials.ts';
import { endLabProcess, findChild, findLabProcess } from './lab-process.ts';
import { engines, type NodeRow, nodeFolder, nodePort, runsBuildkitd } from './node-table.ts';
import { assertPortFree } from './ports.ts';
import { findRoot, rootFolder, scriptPath } from './root-file-system.ts';
import { waitUntil } from './wait.ts';

/** An emulated sshd and podman need about ten seconds, more on a busy machine. */
const startTimeoutMs = 120_000;
/** Time for a node's first process to appear. */
const graceMs = 5_000;

export async function startNodeProcess(row: NodeRow): Promise<void> {
  const root = await findRoot(row);
  await stopNodeProcess(row);
  await assertPortFree(nodePort(row), `node ${row.name}`, 'BARNRAISER_LAB_PORT');
  await writeNodeKeys(row);
  const engine: string[] = [row.engine, row.diskMb ? `${row.diskMb}m` : ''];
  if (runsBuildkitd(row)) {
    await copyBuildkitd(nodeFolder(row));
  } else if (row.engine !== 'podman') {
    await writeAtomically(path.join(nodeFolder(row), 'daemon.json'), JSON.stringify({ features: row.features ?? {} }));
    await createBridge(row);
    engine.push(bridgeName(row), process.execPath);
  }
  await mustRun(asRoot('bash', scriptPath('node-start.sh'), row.name, nodeFolder(row), root, ...engine));
  const began = performance.now();
  let answers = false;
  await waitUntil(async () => {
    answers = await isNodeUp(row);
    const failed = performance.now() - began > graceMs && !(await initPid(row));
    return answers || failed;
  }, startTimeoutMs);
  if (!answers) {
    throw new Error(`Node ${row.name} does not answer. Last lines of its logs:\n${await readLogTails(row)}`);
  }
}

export async function stopNodeProcess(row: NodeRow): Promise<void> {
  await endLabProcess(pidFile(row), nodeFolder(row));
  await removeBridge(row);
}

/** Whether the node runs on the current root file system, and its sshd and engine answer. */
export async function isNodeUp(row: NodeRow): Promise<boolean> {
  const init = await initPid(row);
  if (!init) {
    return false;
  }
  return (await isEngineUp(row, init)) && (await isSshdUp(nodePort(row)));
}

/** Runs a shell command in the node's namespaces, without SSH. @throws Error if the node is down */
export async function runInNode(row: NodeRow, command: string, options: RunOptions = {}): Promise<Outcome> {
  const init = await initPid(row);
  if (!init) {
    throw new Error(`Node ${row.name} is down. Start it with \`npm run lab -- start ${row.name}\`.`);
  }
  const environment = [
    'HOME=/root',
    'LANG=C.UTF-8',
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'PODMAN_IGNORE_CGROUPSV1_WARNING=1',
  ];
  const inNode = ['chroot', await rootFolder(row), 'env', '-i', ...environment, 'sh', '-c', command];
  return run(asRoot('nsenter', `--target=${init}`, '--mount', '--uts', '--ipc', '--pid', ...inNode), options);
}

/**
 * The command line that runs a shell command in a node in a mount namespace that begins at the root of the node. docker needs that
 * for `exec`: entering the namespace of a container also resets the root folder, which elsewhere leads out of the node.
 */
export async function commandAtRoot(row: NodeRow, command: string): Promise<readonly string[]> {
  const init = await initPid(row);
  const old = 'run/outside';
  const pivot = `cd ${await rootFolder(row)} && mkdir -p ${old} && pivot_root . ${old} && umount --lazy ${old}`;
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const inNamespaces = ['nsenter', `--target=${init}`, '--mount', '--uts', '--ipc', '--pid', 'unshare', '--mount'];
  return asRoot(...inNamespaces, 'sh', '-c', `${pivot} && export ${path} && ${command}`);
}

/** The node's engine socket as a path of this computer, of any length. */
export async function engineSocketOf(row: NodeRow): Promise<string> {
  return path.join(`/proc/${await initPid(row)}/root`, await rootFolder(row), engines[row.engine].socket);
}

function pidFile(row: NodeRow): string {
  return path.join(nodeFolder(row), 'pid');
}

/** The host's pid of the node's process 1. */
async function initPid(row: NodeRow): Promise<number | undefined> {
  const parent = await findLabProcess(pidFile(row), nodeFolder(row));
  return parent?.commandLine.includes(await rootFolder(row)) ? findChild(parent.pid) : undefined;
}

export function isSshdUp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port, timeout: 5000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', (banner) => end(banner.toString().startsWith('SSH-')));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

async function isEngineUp(row: NodeRow, init: number): Promise<boolean> {
  // uses a path relative to the socket's folder, since the path of a unix socket is limited to 107 bytes
  const socket = path.join(await rootFolder(row), engines[row.engine].socket);
  // a server of gRPC refuses the request, over HTTP/2
  const [options, answer] =
    row.engine === 'buildkit' ? ["-o /dev/null -w '%{http_version}' --http2-prior-knowledge", '2'] : ['-f', 'OK'];
  const ping = `cd "$0" && exec curl -s ${options} --max-time 5 --unix-socket "$1" http://engine/_ping`;
  const inMounts = ['nsenter', `--target=${init}`, '--mount', 'sh', '-c', ping];
  return (await run(asRoot(...inMounts, path.dirname(socket), path.basename(socket)))).stdout === answer;
}

async function readLogTails(row: NodeRow): Promise<string> {
  const logs = await Promise.all(
    ['init.log', 'sshd.log', 'engine.log'].map(async (name) => {
      const text = await readFile(path.join(nodeFolder(row), name), 'utf8').catch(() => '');
      return text.trim() && `${name}: ${text.trim().split('\n').slice(-10).join('\n')}`;
    }),
  );
  return logs.filter(Boolean).join('\n');
}

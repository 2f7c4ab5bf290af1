/** One node: start, stop, look whether it answers, and run something in it. */
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { bridgeOf, makeBridge, removeBridge } from './bridge.ts';
import { asRoot, mustRun, type Outcome, type RunOptions, run } from './command.ts';
import { writeNodeKeys } from './keys.ts';
import { engines, type NodeRow, nodeFolder, nodePort } from './node-table.ts';
import { childOf, endOwnProcess, findOwnProcess } from './own-process.ts';
import { demandFreePort } from './ports.ts';
import { existingRootOf, rootOf, scriptPath } from './root-file-system.ts';
import { until } from './until.ts';

/** An emulated sshd and podman need some ten seconds, more on a busy machine. */
const startPatienceMs = 120_000;
/** Time for a node's first process to appear. */
const graceMs = 5_000;

export async function startNodeOf(row: NodeRow): Promise<void> {
  const root = await existingRootOf(row);
  await stopNodeOf(row);
  await demandFreePort(nodePort(row), `node ${row.name}`, 'BARNRAISER_LAB_PORT');
  await writeNodeKeys(row);
  const engine: string[] = [row.engine];
  if (row.engine === 'docker') {
    await makeBridge(row);
    engine.push(bridgeOf(row));
  }
  await mustRun(asRoot('bash', scriptPath('node-start.sh'), row.name, nodeFolder(row), root, ...engine));
  const began = performance.now();
  let answers = false;
  await until(async () => {
    answers = await nodeAnswers(row);
    const failed = performance.now() - began > graceMs && !(await initPid(row));
    return answers || failed;
  }, startPatienceMs);
  if (!answers) {
    throw new Error(`Node ${row.name} does not answer. The ends of its logs:\n${await lastLogs(row)}`);
  }
}

export async function stopNodeOf(row: NodeRow): Promise<void> {
  await endOwnProcess(pidFile(row), nodeFolder(row));
  await removeBridge(row);
}

/** Whether the node runs, on the root file system of today, with an sshd and an engine that answer. */
export async function nodeAnswers(row: NodeRow): Promise<boolean> {
  const init = await initPid(row);
  if (!init) {
    return false;
  }
  return (await engineAnswers(row, init)) && (await sshdAnswers(nodePort(row)));
}

/** Runs a shell command inside the node, beside its services, without SSH. */
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
  const inNode = ['chroot', await rootOf(row), 'env', '-i', ...environment, 'sh', '-c', command];
  return run(asRoot('nsenter', `--target=${init}`, '--mount', '--uts', '--ipc', '--pid', ...inNode), options);
}

function pidFile(row: NodeRow): string {
  return path.join(nodeFolder(row), 'pid');
}

/** Process 1 of the node, as the host numbers it. */
async function initPid(row: NodeRow): Promise<number | undefined> {
  const own = await findOwnProcess(pidFile(row), nodeFolder(row));
  return own?.commandLine.includes(await rootOf(row)) ? childOf(own.pid) : undefined;
}

export function sshdAnswers(port: number): Promise<boolean> {
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

async function engineAnswers(row: NodeRow, init: number): Promise<boolean> {
  // From inside the socket's folder: the name of a unix socket is limited to 107 bytes.
  const socket = path.join(await rootOf(row), engines[row.engine].socket);
  const ping = 'cd "$0" && exec curl -sf --max-time 5 --unix-socket "$1" http://engine/_ping';
  const inMounts = ['nsenter', `--target=${init}`, '--mount', 'sh', '-c', ping];
  return (await run(asRoot(...inMounts, path.dirname(socket), path.basename(socket)))).stdout === 'OK';
}

async function lastLogs(row: NodeRow): Promise<string> {
  const logs = await Promise.all(
    ['init.log', 'sshd.log', 'engine.log'].map(async (name) => {
      const text = await readFile(path.join(nodeFolder(row), name), 'utf8').catch(() => '');
      return text.trim() && `${name}: ${text.trim().split('\n').slice(-10).join('\n')}`;
    }),
  );
  return logs.filter(Boolean).join('\n');
}

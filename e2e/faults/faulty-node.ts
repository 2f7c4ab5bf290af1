/** A node whose processes are killed and stopped, and whose disk is filled. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { startExtraSshd } from '../lab/extra-sshd.ts';
import { type LabNode, labStatus, runOnNode, startSmallNode } from '../lab/lab.ts';

/** The words by which the process of an engine is found. */
const enginePatterns: Record<LabNode['engine'], string> = {
  podman: 'podman.system.service',
  docker: 'dockerd.--config-file',
  buildkit: 'dockerd.--config-file',
};

export interface FaultyNode {
  readonly node: LabNode;
  /** The SSH port that is killed and stopped. */
  readonly port: number;
  readonly knownHosts: string;
  /** Runs a shell command on the node without SSH. @returns its output */
  run(command: string): Promise<string>;
  close(): Promise<void>;
}

/** A node of the lab with an sshd of its own. */
export async function openNode(node: LabNode): Promise<FaultyNode> {
  const sshd = await startExtraSshd(node.name, { config: [] });
  const run = async (command: string): Promise<string> => (await runOnNode(node.name, command)).stdout;
  return {
    ...{ node, run, port: sshd.port, knownHosts: sshd.knownHosts },
    close: async () => {
      await run(`pkill -KILL -f 'sshd-${sshd.port}[.]conf'; rm -f /run/node/sshd-${sshd.port}*`);
    },
  };
}

/** Another node like one of the lab, whose disk is small. */
export async function openSmallNode(node: LabNode): Promise<FaultyNode> {
  const small = await startSmallNode(node.name);
  return {
    node: small.node,
    port: small.node.port,
    knownHosts: small.node.knownHosts,
    run: async (command) => (await small.run(command)).stdout,
    close: () => small.stop(),
  };
}

/** The processes that serve the connections of the node's sshd. In newer versions, those have children of their own. */
export async function sessionPids({ run, port }: FaultyNode): Promise<string> {
  const output = await run(`
    children() { cat /proc/$1/task/$1/children; }
    for pid in $(children $(cat /run/node/sshd-${port}.pid)); do
      echo $pid
      for child in $(children $pid); do
        case $(cat /proc/$child/comm) in sshd*) echo $child ;; esac
      done
    done`);
  return output.trim().split('\n').join(' ');
}

export type Signal = 'KILL' | 'STOP' | 'CONT';

export async function signalSessions(node: FaultyNode, signal: Signal): Promise<void> {
  const pids = await sessionPids(node);
  expect(pids, 'no one is connected to the node').not.toBe('');
  await node.run(`kill -${signal} ${pids}`);
}

/** Also what accepts connections. */
export async function signalSshd(node: FaultyNode, signal: Signal): Promise<void> {
  await node.run(`kill -${signal} $(cat /run/node/sshd-${node.port}.pid) ${await sessionPids(node)}`);
}

/** Starts the sshd again that was killed. */
export async function restartSshd({ node, port }: FaultyNode): Promise<void> {
  await startExtraSshd(node.name, { port, config: [] });
}

/** All processes of the node but the first, which is the lab's. */
export async function signalAll({ run }: FaultyNode, signal: 'STOP' | 'CONT'): Promise<void> {
  await run(`kill -${signal} -1`);
}

/** @returns what starts it again as it was */
export async function killEngine({ node, run }: FaultyNode): Promise<() => Promise<void>> {
  const pid = (await run(`pgrep -o -f '${enginePatterns[node.engine]}'`)).trim();
  expect(pid, `the engine of ${node.name} is not found`).toMatch(/^\d+$/);
  await run(`tr '\\0' '\\n' < /proc/${pid}/cmdline > /run/node/engine.args; kill -KILL ${pid}`);
  return async () => {
    // arguments with spaces do not occur
    await run(
      "exec setsid --fork sh -c 'exec $(cat /run/node/engine.args) >> /run/node/engine.log 2>&1 < /dev/null' >/dev/null 2>&1",
    );
    await waitForEngine(node.name);
  };
}

async function waitForEngine(name: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  const isUp = async (): Promise<boolean> =>
    (await labStatus()).nodes.some((node) => node.name === name && node.status === 'up');
  while (!(await isUp())) {
    expect(performance.now(), `the engine of ${name} does not start again`).toBeLessThan(deadline);
    await sleep(100);
  }
}

/** Fills the disk of a small node. @returns what empties it again */
export async function fillNode({ run }: FaultyNode): Promise<() => Promise<void>> {
  await run('cat /dev/zero > /var/tmp/filler');
  return async () => void (await run('rm -f /var/tmp/filler'));
}

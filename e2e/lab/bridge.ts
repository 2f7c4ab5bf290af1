/**
 * A network for the RUN steps of a node with docker. docker needs a bridge to build, and the nodes share this machine's network, so
 * each docker node gets a separate bridge. There is no address translation and no forwarding: a step reaches only its node.
 */
import { existsSync } from 'node:fs';
import { asRoot, mustRun } from './command.ts';
import { type NodeRow, nodePort } from './node-table.ts';
import { findRoot, toolsKind } from './root-file-system.ts';

/** Network interfaces have names of at most 15 characters. */
export function bridgeName(row: NodeRow): string {
  return `lab${nodePort(row)}`;
}

/** Creates the bridge, and first removes one that an earlier run has left. */
export async function createBridge(row: NodeRow): Promise<void> {
  await removeBridge(row);
  const bridge = bridgeName(row);
  await ip('link', 'add', bridge, 'type', 'bridge');
  // 198.18.0.0/15 is reserved for benchmarks (RFC 2544), so it hides no real network
  await ip('address', 'add', `198.18.${nodePort(row) % 256}.1/24`, 'dev', bridge);
  await ip('link', 'set', bridge, 'up');
}

export async function removeBridge(row: NodeRow): Promise<void> {
  if (existsSync(`/sys/class/net/${bridgeName(row)}`)) {
    await ip('link', 'delete', bridgeName(row));
  }
}

/** Runs `ip` from a root file system, since this machine may not have it. */
async function ip(...args: string[]): Promise<void> {
  await mustRun(asRoot('chroot', await findRoot(toolsKind), 'ip', ...args));
}

/**
 * A network for the RUN steps of a docker node: a bridge of its own, since docker builds nothing without one and the nodes share
 * this machine's network. Nothing is translated or forwarded, so a step reaches its node and no more.
 */
import { existsSync } from 'node:fs';
import { asRoot, mustRun } from './command.ts';
import { type NodeRow, nodePort } from './node-table.ts';
import { existingRootOf, toolsKind } from './root-file-system.ts';

/** Network interfaces have names of at most 15 characters. */
export function bridgeOf(row: NodeRow): string {
  return `lab${nodePort(row)}`;
}

/** Makes the bridge, in place of one that an earlier node has left. */
export async function makeBridge(row: NodeRow): Promise<void> {
  await removeBridge(row);
  const bridge = bridgeOf(row);
  await ip('link', 'add', bridge, 'type', 'bridge');
  // a network that is set aside for measurements (RFC 2544), so that nothing real is behind it
  await ip('address', 'add', `198.18.${nodePort(row) % 256}.1/24`, 'dev', bridge);
  await ip('link', 'set', bridge, 'up');
}

export async function removeBridge(row: NodeRow): Promise<void> {
  if (existsSync(`/sys/class/net/${bridgeOf(row)}`)) {
    await ip('link', 'delete', bridgeOf(row));
  }
}

/** `ip` need not be on this machine, but a root file system has it. */
async function ip(...args: string[]): Promise<void> {
  await mustRun(asRoot('chroot', await existingRootOf(toolsKind), 'ip', ...args));
}

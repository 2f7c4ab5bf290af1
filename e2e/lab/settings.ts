/**
 * Where the lab lives and which ports it takes. All of it can be set from the environment, so that two labs can run side
 * by side on one machine.
 */
import { homedir } from 'node:os';
import path from 'node:path';

/** Folder of everything the lab makes: about 1.2 GB of root file systems, and what the nodes store. */
export const labFolder = path.resolve(
  process.env.BARNRAISER_LAB ??
    path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'barnraiser-lab'),
);

/** SSH ports of the nodes: this one and those after it, one per row of the node table. */
export const firstNodePort = portFrom('BARNRAISER_LAB_PORT', 2301);

/** SSH port of the machine with systemd. */
export const machinePort = portFrom('BARNRAISER_LAB_MACHINE_PORT', 2330);

export const registryPort = portFrom('BARNRAISER_LAB_REGISTRY_PORT', 5055);

function portFrom(variable: string, fallback: number): number {
  const text = process.env[variable];
  if (!text) {
    return fallback;
  }
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1024 || port > 65000) {
    throw new Error(
      `${variable}=${text} is no port. Give a number from 1024 to 65000, or leave it out for ${fallback}.`,
    );
  }
  return port;
}

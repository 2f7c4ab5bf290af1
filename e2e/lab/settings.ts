/**
 * The folder and the ports of the lab. Environment variables change them, so that two labs can run on one machine.
 */
import { homedir } from 'node:os';
import path from 'node:path';

/** Holds all files of the lab: about 1.2 GB of root file systems, and the storage of the nodes. */
export const labFolder = path.resolve(
  process.env.BARNRAISER_LAB ??
    path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'barnraiser-lab'),
);

/** The root file systems of the nodes, which labs can have in common. */
export const rootsFolder = path.resolve(process.env.BARNRAISER_LAB_ROOTS ?? path.join(labFolder, 'roots'));

/** SSH port of the first node. The others use the ports after it, in the order of the node table; those with a small disk, 40 later. */
export const firstNodePort = readPort('BARNRAISER_LAB_PORT', 2301);

/** SSH port of the machine with systemd. */
export const machinePort = readPort('BARNRAISER_LAB_MACHINE_PORT', 2330);

export const registryPort = readPort('BARNRAISER_LAB_REGISTRY_PORT', 5055);

/** The folder of {@link secondLab}. */
export const secondLabFolder = path.join(labFolder, 'second');

/** The environment of programs that use another lab, with the root file systems of this one. */
export function secondLab(): NodeJS.ProcessEnv {
  return {
    BARNRAISER_LAB: secondLabFolder,
    BARNRAISER_LAB_ROOTS: rootsFolder,
    BARNRAISER_LAB_PORT: String(firstNodePort + 100),
    BARNRAISER_LAB_REGISTRY_PORT: String(registryPort + 1),
    BARNRAISER_LAB_MACHINE_PORT: String(machinePort + 100),
  };
}

function readPort(variable: string, fallback: number): number {
  const text = process.env[variable];
  if (!text) {
    return fallback;
  }
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1024 || port > 65000) {
    throw new Error(
      `${variable}=${text} is not a valid port. Set a number from 1024 to 65000, or unset it to use ${fallback}.`,
    );
  }
  return port;
}

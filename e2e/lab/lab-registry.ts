/** The lab's registry: plain http on 127.0.0.1, without authentication. Images can be deleted from it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { endLabProcess, findLabProcess } from './lab-process.ts';
import { assertPortFree } from './ports.ts';
import { isRegistryUp, spawnRegistry } from './registry-program.ts';
import { labFolder, registryPort } from './settings.ts';
import { waitUntil } from './wait.ts';

const folder = path.join(labFolder, 'registry');
const configFile = path.join(folder, 'config.yml');
const pidFile = path.join(folder, 'pid');
const logFile = path.join(folder, 'log');

export const registryAddress = `127.0.0.1:${registryPort}`;

export async function isLabRegistryUp(): Promise<boolean> {
  const process = await findLabProcess(pidFile, configFile);
  return process !== undefined && (await isRegistryUp(registryAddress));
}

export async function startLabRegistry(): Promise<void> {
  await stopLabRegistry();
  await assertPortFree(registryPort, 'the registry', 'BARNRAISER_LAB_REGISTRY_PORT');
  await mkdir(path.join(folder, 'data'), { recursive: true });
  const config = {
    version: '0.1',
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: path.join(folder, 'data') }, delete: { enabled: true } },
    http: { addr: registryAddress },
  };
  await writeFile(configFile, JSON.stringify(config)); // JSON is YAML
  const registry = await spawnRegistry(configFile, logFile, { isDetached: true });
  registry.unref();
  await writeFile(pidFile, String(registry.pid));
  if (!(await waitUntil(isLabRegistryUp, 20_000))) {
    throw new Error(`The registry does not answer on ${registryAddress}:\n${await readFile(logFile, 'utf8')}`);
  }
}

export function stopLabRegistry(): Promise<void> {
  return endLabProcess(pidFile, configFile);
}

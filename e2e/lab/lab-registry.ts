/** The registry all nodes push to: plain http on 127.0.0.1, with deletion. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { endOwnProcess, findOwnProcess } from './own-process.ts';
import { demandFreePort } from './ports.ts';
import { registryAnswers, spawnRegistry } from './registry-program.ts';
import { labFolder, registryPort } from './settings.ts';
import { until } from './until.ts';

const folder = path.join(labFolder, 'registry');
const configFile = path.join(folder, 'config.yml');
const pidFile = path.join(folder, 'pid');
const logFile = path.join(folder, 'log');

export const registryAddress = `127.0.0.1:${registryPort}`;

export async function labRegistryAnswers(): Promise<boolean> {
  const own = await findOwnProcess(pidFile, configFile);
  return own !== undefined && (await registryAnswers(registryAddress));
}

export async function startLabRegistry(): Promise<void> {
  await stopLabRegistry();
  await demandFreePort(registryPort, 'the registry', 'BARNRAISER_LAB_REGISTRY_PORT');
  await mkdir(path.join(folder, 'data'), { recursive: true });
  const config = {
    version: '0.1',
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: path.join(folder, 'data') }, delete: { enabled: true } },
    http: { addr: registryAddress },
  };
  await writeFile(configFile, JSON.stringify(config)); // JSON is YAML
  const registry = await spawnRegistry(configFile, logFile, { mayOutliveUs: true });
  registry.unref();
  await writeFile(pidFile, String(registry.pid));
  if (!(await until(labRegistryAnswers, 20_000))) {
    throw new Error(`The registry does not answer on ${registryAddress}:\n${await readFile(logFile, 'utf8')}`);
  }
}

export function stopLabRegistry(): Promise<void> {
  return endOwnProcess(pidFile, configFile);
}

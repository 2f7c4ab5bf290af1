/** Keys of the lab: one client key for all nodes, a host key per node, and one password for tests that log in with it. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { mustRun } from './command.ts';
import { cryptPassword } from './crypt-password.ts';
import { fileExists } from './file-exists.ts';
import { type NodeRow, nodeFolder, nodePort } from './node-table.ts';
import { labFolder } from './settings.ts';

const keysFolder = path.join(labFolder, 'keys');
const passwordFile = path.join(keysFolder, 'password');

export const identityFile = path.join(keysFolder, 'id_ed25519');

export function knownHostsFile(row: NodeRow): string {
  return path.join(nodeFolder(row), 'known_hosts');
}

export async function ensureClientKey(): Promise<void> {
  await mkdir(keysFolder, { recursive: true, mode: 0o700 });
  await ensureKey(identityFile, 'barnraiser-lab');
  if (!(await fileExists(passwordFile))) {
    await writeWhole(passwordFile, randomBytes(12).toString('base64url'));
  }
}

/** What sshd of a node reads, in the node's folder; the node itself sees that folder as /run/node. */
export async function writeNodeKeys(row: NodeRow): Promise<void> {
  const folder = nodeFolder(row);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const hostKey = path.join(folder, 'host_key');
  await ensureKey(hostKey, row.name);
  await writeWhole(path.join(folder, 'authorized_keys'), await readFile(`${identityFile}.pub`, 'utf8'));
  await writeWhole(knownHostsFile(row), await knownHostsLine(row, nodePort(row)));
  await writeWhole(
    path.join(folder, 'shadow'),
    `root:${await cryptPassword(await rootPassword(), 'sha512')}:19000::::::\n`,
  );
  await writeWhole(path.join(folder, 'sshd_config'), sshdConfig(nodePort(row), []));
}

/** The node's line of a known_hosts file, for an sshd of the node on `port`. */
export async function knownHostsLine(row: NodeRow, port: number): Promise<string> {
  const [type, key] = (await readFile(path.join(nodeFolder(row), 'host_key.pub'), 'utf8')).split(' ');
  return `[127.0.0.1]:${port} ${type} ${key}\n`;
}

/** Password of root on every node. The nodes' own sshd takes keys only; tests may start another that takes it. */
export function rootPassword(): Promise<string> {
  return readFile(passwordFile, 'utf8');
}

/** `lines` come first, for sshd takes the first value that it reads. */
export function sshdConfig(port: number, lines: readonly string[]): string {
  return [
    ...lines,
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    'HostKey /run/node/host_key',
    `PidFile /run/node/sshd-${port}.pid`,
    'AuthorizedKeysFile /run/node/authorized_keys',
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'UseDNS no',
    'MaxStartups 50:30:100',
    'MaxSessions 50',
    'SetEnv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PODMAN_IGNORE_CGROUPSV1_WARNING=1',
    'Subsystem sftp internal-sftp',
    '',
  ].join('\n');
}

export async function ensureKey(file: string, comment: string): Promise<void> {
  // The public half is written last; without it an earlier run was interrupted.
  if (await fileExists(`${file}.pub`)) {
    return;
  }
  const overwrite = 'y\n';
  await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file], { input: overwrite });
}

export async function writeWhole(file: string, content: string): Promise<void> {
  await writeFile(`${file}.unfinished`, content, { mode: 0o600 });
  await rename(`${file}.unfinished`, file);
}

/**
 * Keys and passwords of the lab, and the sshd configuration that uses them. There is one client key for all nodes, a host key
 * per node, and one password of root for tests.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { mustRun } from './command.ts';
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
  if (!existsSync(passwordFile)) {
    await writeAtomically(passwordFile, randomBytes(12).toString('base64url'));
  }
}

/** Writes the files that a node's sshd reads to the node's folder, which is mounted as /run/node in the node. */
export async function writeNodeKeys(row: NodeRow): Promise<void> {
  const folder = nodeFolder(row);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const hostKey = path.join(folder, 'host_key');
  await ensureKey(hostKey, row.name);
  await writeAtomically(path.join(folder, 'authorized_keys'), await readFile(`${identityFile}.pub`, 'utf8'));
  await writeAtomically(knownHostsFile(row), await knownHostsLine(row, nodePort(row)));
  await writeAtomically(
    path.join(folder, 'shadow'),
    `root:${await hashPassword(await rootPassword(), 'sha512')}:19000::::::\n`,
  );
  await writeAtomically(path.join(folder, 'sshd_config'), sshdConfig(nodePort(row), []));
}

/** The node's line of a known_hosts file, for an sshd of the node on `port`. */
export async function knownHostsLine(row: NodeRow, port: number): Promise<string> {
  const [type, key] = (await readFile(path.join(nodeFolder(row), 'host_key.pub'), 'utf8')).split(' ');
  return `[127.0.0.1]:${port} ${type} ${key}\n`;
}

/** Password of root on every node. The nodes' own sshd accepts only keys; tests can start another that accepts passwords. */
export function rootPassword(): Promise<string> {
  return readFile(passwordFile, 'utf8');
}

/** `lines` come first, since sshd uses the first value of a setting. */
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
  // ssh-keygen writes the public key last; if it is missing, an earlier run was interrupted
  if (existsSync(`${file}.pub`)) {
    return;
  }
  const overwrite = 'y\n';
  await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file], { input: overwrite });
}

/** Hashes a password for sshd (shadow file) or a registry (htpasswd file), with libcrypt through perl. */
export async function hashPassword(password: string, method: 'sha512' | 'bcrypt'): Promise<string> {
  const salt = randomBytes(64).toString('base64').replace(/[+/=]/g, '');
  // the 22nd character of a bcrypt salt holds only four bits; 'e' ends in four zeros, which every implementation accepts
  const setting = method === 'sha512' ? `$6$${salt.slice(0, 16)}$` : `$2y$05$${salt.slice(0, 21)}e`;
  const hash = await mustRun(['perl', '-e', 'chomp(my $p = <STDIN>); print crypt($p, $ARGV[0])', setting], {
    input: `${password}\n`,
  });
  if (!hash.startsWith(setting.slice(0, 3))) {
    throw new Error(`libcrypt on this machine does not support ${method}.`);
  }
  return hash;
}

export async function writeAtomically(file: string, content: string): Promise<void> {
  await writeFile(`${file}.unfinished`, content, { mode: 0o600 });
  await rename(`${file}.unfinished`, file);
}

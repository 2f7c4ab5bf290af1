/** A second sshd in a node, for tests with other settings, such as no forwarding, few sessions or passwords. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { knownHostsLine, rootPassword, sshdConfig } from './credentials.ts';
import { runInNode } from './node.ts';
import { nodeFolder, nodeRow } from './node-table.ts';
import { findFreePort } from './ports.ts';
import { waitUntil } from './wait.ts';

export interface ExtraSshd {
  port: number;
  /** known_hosts file with the node's key for this port. */
  knownHosts: string;
  /** Password of root, for an sshd with `PasswordAuthentication yes` and `PermitRootLogin yes`. */
  password: string;
  /** Ends the sshd and its open connections. */
  stop(): Promise<void>;
}

/**
 * Starts an sshd in `node` on `port` (default: a free port). The lines of `config` override the settings of the node's own
 * sshd. The sshd runs in a separate mount namespace: `hidden` folders are empty for its sessions, and for no other.
 */
export async function startExtraSshd(
  node: string,
  options: { port?: number; config: readonly string[]; hidden?: readonly string[] },
): Promise<ExtraSshd> {
  const row = nodeRow(node);
  const port = options.port ?? (await findFreePort());
  const inFolder = (suffix: string) => path.join(nodeFolder(row), `sshd-${port}${suffix}`);
  await writeFile(inFolder('.conf'), sshdConfig(port, options.config), { mode: 0o600 });
  await writeFile(inFolder('.known_hosts'), await knownHostsLine(row, port));

  // without -D, sshd moves to the background when it listens
  const start = `/usr/sbin/sshd -f /run/node/sshd-${port}.conf -E /run/node/sshd-${port}.log`;
  const hide = (options.hidden ?? []).map((folder) => `mount -t tmpfs none ${folder} && `).join('');
  const started = await runInNode(row, hide ? `unshare --mount sh -c '${hide}exec ${start}'` : start);
  if (started.code !== 0) {
    const log = (await runInNode(row, `cat /run/node/sshd-${port}.log`)).stdout;
    throw new Error(`Could not start sshd on port ${port} of node ${node}: ${started.stderr}${log}`);
  }
  const pidFile = `/run/node/sshd-${port}.pid`;
  await waitUntil(async () => (await runInNode(row, `test -s ${pidFile}`)).code === 0, 20_000);
  const pid = (await runInNode(row, `cat ${pidFile}`)).stdout.trim();
  return {
    port,
    knownHosts: inFolder('.known_hosts'),
    password: await rootPassword(),
    async stop() {
      await runInNode(row, `kill ${pid} $(cat /proc/${pid}/task/${pid}/children)`);
    },
  };
}

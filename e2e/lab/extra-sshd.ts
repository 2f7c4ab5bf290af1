/** Another sshd in a node, for tests of servers that refuse something: forwarding, many sessions, keys. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { knownHostsLine, rootPassword, sshdConfig } from './keys.ts';
import { runInNode } from './node.ts';
import { nodeFolder, nodeRow } from './node-table.ts';
import { freePort } from './ports.ts';
import { until } from './until.ts';

export interface ExtraSshd {
  port: number;
  /** known_hosts file with the node's key under this port. */
  knownHosts: string;
  /** Password of root, for an sshd that was started with `PasswordAuthentication yes` and `PermitRootLogin yes`. */
  password: string;
  /** Ends the sshd and the connections it serves. */
  stop(): Promise<void>;
}

/**
 * Starts an sshd inside `node` on `port` (default: a free one). The lines of `config` win over the lab's own sshd_config;
 * all that they leave open is as on the node's own sshd. Folders that are `hidden` are empty for whoever comes by this sshd,
 * and for nobody else: it runs in mounts of its own.
 */
export async function startExtraSshd(
  node: string,
  options: { port?: number; config: readonly string[]; hidden?: readonly string[] },
): Promise<ExtraSshd> {
  const row = nodeRow(node);
  const port = options.port ?? (await freePort());
  const inFolder = (suffix: string) => path.join(nodeFolder(row), `sshd-${port}${suffix}`);
  await writeFile(inFolder('.conf'), sshdConfig(port, options.config), { mode: 0o600 });
  await writeFile(inFolder('.known_hosts'), await knownHostsLine(row, port));

  // Without -D sshd goes to the background by itself, once it listens.
  const start = `/usr/sbin/sshd -f /run/node/sshd-${port}.conf -E /run/node/sshd-${port}.log`;
  const hide = (options.hidden ?? []).map((folder) => `mount -t tmpfs none ${folder} && `).join('');
  const started = await runInNode(row, hide ? `unshare --mount sh -c '${hide}exec ${start}'` : start);
  if (started.code !== 0) {
    const log = (await runInNode(row, `cat /run/node/sshd-${port}.log`)).stdout;
    throw new Error(`No sshd on port ${port} of node ${node}: ${started.stderr}${log}`);
  }
  const pidFile = `/run/node/sshd-${port}.pid`;
  await until(async () => (await runInNode(row, `test -s ${pidFile}`)).code === 0, 20_000);
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

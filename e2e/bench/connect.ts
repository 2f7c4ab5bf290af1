/**
 * Measures how long it takes to connect to a node and read the version of its engine: directly, through three jump hosts, and over
 * a slow line. The comparison is `ssh -L` with the same key and hosts, and curl on the forwarded socket.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openTransport } from '../../electron/connections/open-transport.ts';
import { openEngine } from '../../electron/engines/open-engine.ts';
import { KnownHosts } from '../../electron/ssh/known-hosts/known-hosts.ts';
import { setUpLab } from '../harness.ts';
import { mustRun } from '../lab/command.ts';
import { startExtraSshd } from '../lab/lab.ts';
import { type Bench, measureSeconds } from './bench.ts';
import { nodeBehindLine } from './node-behind-line.ts';

export async function measureConnect(bench: Bench): Promise<void> {
  const lab = await setUpLab();
  const node = lab.node('amd-b');
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-bench-'));
  const hops = await Promise.all(Array.from({ length: 3 }, () => startExtraSshd('amd-a', { config: [] })));
  const behindLine = await nodeBehindLine(node, { roundTripMs: 100, megabitsPerSecond: 200 }, folder);
  const previousConfig = process.env.BARNRAISER_SSH_CONFIG;
  try {
    const knownHosts = join(folder, 'known_hosts');
    const files = [...hops.map((hop) => hop.knownHosts), node.knownHosts, behindLine.node.knownHosts];
    await writeFile(knownHosts, (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join(''));
    const config = join(folder, 'config');
    await writeFile(
      config,
      [
        ...hops.map(({ port }, index) => `Host hop${index}\n Port ${port}`),
        `Host far near\n Port ${node.port}`,
        `Host slow\n Port ${behindLine.node.port}`,
        'Host far\n ProxyJump hop0,hop1,hop2',
        `Host *\n HostName 127.0.0.1\n User root\n IdentityFile ${node.identity}\n IdentitiesOnly yes\n IdentityAgent none`,
        ` UserKnownHostsFile ${knownHosts}\n`,
      ].join('\n'),
    );
    process.env.BARNRAISER_SSH_CONFIG = config;
    for (const [row, host] of [
      ['connect/direct', 'near'],
      ['connect/jump-hosts', 'far'],
      ['connect/line', 'slow'],
    ] as const) {
      await bench.repeat(() =>
        bench.compare(
          row,
          () => measureSeconds(() => connectWithBarnraiser(host, node.socket)),
          () => measureSeconds(() => connectWithSsh(config, host, node.socket)),
        ),
      );
    }
  } finally {
    if (previousConfig === undefined) {
      delete process.env.BARNRAISER_SSH_CONFIG;
    } else {
      process.env.BARNRAISER_SSH_CONFIG = previousConfig;
    }
    await behindLine.close();
    await Promise.all(hops.map((hop) => hop.stop()));
    await rm(folder, { recursive: true });
  }
}

async function connectWithBarnraiser(host: string, socket: string): Promise<void> {
  const transport = await openTransport(
    { name: host, uri: `ssh://${host}${socket}` },
    { loadKnownHosts: (more) => KnownHosts.load(more), decideHostKey: async () => false },
  );
  try {
    await openEngine(transport);
  } finally {
    await transport.close();
  }
}

/** Forwards the node's socket to a local one with ssh, and sends a request when the local socket exists. */
async function connectWithSsh(config: string, host: string, socket: string): Promise<void> {
  const localSocket = join(dirname(config), 'socket');
  const program = `ssh -F "$1" -o BatchMode=yes -N -L "$2:$3" "$4" & ssh=$!
    until curl -sf --unix-socket "$2" http://engine/_ping; do kill -0 $ssh || exit; sleep 0.01; done
    kill $ssh; wait $ssh; rm -f "$2"; true`;
  await mustRun(['bash', '-c', program, 'bench', config, localSocket, socket, host]);
}

/**
 * How long it takes to reach a node and hear what its engine is: directly, and through three jump hosts. Beside it what a person would
 * do instead, `ssh -L` with the same key on the same way, and curl at its end. Rounds alternate; figures are medians of walls.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openTransport } from '../../electron/connections/open-transport.ts';
import { openEngine } from '../../electron/engines/open-engine.ts';
import { KnownHosts } from '../../electron/ssh/known-hosts.ts';
import { theLab } from '../harness.ts';
import { mustRun } from '../lab/command.ts';
import { startExtraSshd } from '../lab/lab.ts';

const rounds = 15;

export async function measureLine(): Promise<void> {
  const lab = await theLab();
  const node = lab.node('amd-b');
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-bench-'));
  const hops = await Promise.all(Array.from({ length: 3 }, () => startExtraSshd('amd-a', { config: [] })));
  const before = process.env.BARNRAISER_SSH_CONFIG;
  try {
    const knownHosts = join(folder, 'known_hosts');
    const files = [...hops.map((hop) => hop.knownHosts), node.knownHosts];
    await writeFile(knownHosts, (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join(''));
    const config = join(folder, 'config');
    await writeFile(
      config,
      [
        ...hops.map(({ port }, index) => `Host hop${index}\n Port ${port}`),
        `Host far near\n Port ${node.port}`,
        'Host far\n ProxyJump hop0,hop1,hop2',
        `Host *\n HostName 127.0.0.1\n User root\n IdentityFile ${node.identity}\n IdentitiesOnly yes\n IdentityAgent none`,
        ` UserKnownHostsFile ${knownHosts}\n`,
      ].join('\n'),
    );
    process.env.BARNRAISER_SSH_CONFIG = config;
    for (const [host, title] of [
      ['near', 'directly'],
      ['far', 'through three jump hosts'],
    ] as const) {
      const mine: number[] = [];
      const theirs: number[] = [];
      // the first round warms both up, and is not counted
      for (let round = 0; round <= rounds; round += 1) {
        const took = [
          await timed(() => oneOfOurs(host, node.socket)),
          await timed(() => oneOfTheirs(config, host, node.socket)),
        ];
        if (round > 0) {
          mine.push(took[0] ?? 0);
          theirs.push(took[1] ?? 0);
        }
      }
      const [our, their] = [median(mine), median(theirs)];
      const ratio = (their / our).toFixed(2);
      console.log(`${title}: barnraiser ${our.toFixed(0)} ms, ssh ${their.toFixed(0)} ms, ratio ${ratio}`);
    }
  } finally {
    if (before === undefined) {
      delete process.env.BARNRAISER_SSH_CONFIG;
    } else {
      process.env.BARNRAISER_SSH_CONFIG = before;
    }
    await Promise.all(hops.map((hop) => hop.stop()));
    await rm(folder, { recursive: true });
  }
}

async function oneOfOurs(host: string, socket: string): Promise<void> {
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

/** ssh forwards the node's socket to one here, which is asked as soon as it is there. */
async function oneOfTheirs(config: string, host: string, socket: string): Promise<void> {
  const here = join(dirname(config), 'socket');
  const program = `ssh -F "$1" -o BatchMode=yes -N -L "$2:$3" "$4" & ssh=$!
    until curl -sf --unix-socket "$2" http://engine/_ping; do kill -0 $ssh || exit; sleep 0.01; done
    kill $ssh; wait $ssh; rm -f "$2"; true`;
  await mustRun(['bash', '-c', program, 'bench', config, here, socket, host]);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

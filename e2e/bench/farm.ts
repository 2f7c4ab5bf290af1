/**
 * The same project built for amd64 and arm64 with Barnraiser and with `podman farm`, its nearest relative, on the same
 * nodes in one run: a first build, one with a small file changed, one with nothing changed. podman farm needs a registry on the way and
 * leaves the list there, so Barnraiser's push is counted as well. Times are walls; ratios are theirs to ours.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeProject, Person, theLab } from '../harness.ts';
import { type Lab, nodeShell } from '../lab/lab.ts';

/** The node whose podman plays the person's own: the one that has `podman farm`. */
const client = 'amd-b';
const members = ['amd-b', 'arm-a'] as const;
const remote = '/root/bench';

export async function measureFarm(): Promise<void> {
  const lab = await theLab();
  const person = await Person.create();
  // a project of its own for each, of the same size: what one has built must not be in the cache of the other
  const [ours, theirs] = await Promise.all([makeSample(lab.from), makeSample(lab.from)]);
  try {
    await person.connect(...lab.podman.filter(({ name }) => members.some((member) => member === name)));
    await preparePeer(lab);
    for (const title of ['first build', 'one small file changed', 'nothing changed']) {
      if (title === 'one small file changed') {
        await Promise.all([ours, theirs].map((folder) => writeFile(join(folder, 'small'), randomBytes(8))));
      }
      await copyInto(theirs, remote);
      const [mine, others] = [await timed(() => buildOurs(person, lab, ours)), await timed(() => buildTheirs(lab))];
      const ratio = (others / mine).toFixed(2);
      console.log(`${title}: barnraiser ${mine.toFixed(1)} s, podman farm ${others.toFixed(1)} s, ratio ${ratio}`);
    }
  } finally {
    await peer(`podman farm remove bench; podman system connection remove --all; rm -rf ${remote} /root/.ssh`).catch(
      () => undefined,
    );
    await person.remove();
    await Promise.all([ours, theirs].map((folder) => rm(folder, { recursive: true })));
    await Promise.all(lab.podman.map(({ name }) => nodeShell(name, 'podman image prune --force')));
  }
}

function makeSample(from: string): Promise<string> {
  return makeProject({
    Containerfile: `${from}COPY large /large\nRUN wc -c /large > /size\nCOPY small /small\n`,
    large: randomBytes(50_000_000),
    small: '0',
  });
}

async function buildOurs(person: Person, lab: Lab, folder: string): Promise<void> {
  await person.must('build', '-t', 'bench:1', folder);
  await person.must('push', 'bench:1', `${lab.registry.address}/bench/ours:1`, '--tls-verify=false');
}

async function buildTheirs(lab: Lab): Promise<void> {
  const reference = `${lab.registry.address}/bench/theirs`;
  await peer(`cd ${remote} && podman farm build --farm bench --tls-verify=false --local=false -t ${reference} .`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

async function peer(command: string, input?: Buffer): Promise<string> {
  const { code, stdout, stderr } = await nodeShell(client, command, input ? { input } : {});
  if (code !== 0) {
    throw new Error(`${command}: ${stderr || stdout}`);
  }
  return stdout;
}

/** Gives the peer's podman the same nodes over the same SSH, and a farm of them. */
async function preparePeer(lab: Lab): Promise<void> {
  await peer('mkdir -p /root/.ssh && chmod 700 /root/.ssh');
  for (const name of members) {
    const node = lab.nodes.find((candidate) => candidate.name === name);
    if (!node) {
      throw new Error(`the lab has no node ${name}`);
    }
    await peer('cat > /root/.ssh/bench && chmod 600 /root/.ssh/bench', await readFile(node.identity));
    await peer('cat >> /root/.ssh/known_hosts', await readFile(node.knownHosts));
    await peer(`podman system connection add ${name} ${node.uri} --identity /root/.ssh/bench`);
  }
  await peer(`podman farm create bench ${members.join(' ')}`);
}

async function copyInto(folder: string, remote: string): Promise<void> {
  const tar = execFileSync('tar', ['-c', '-C', folder, '.'], { maxBuffer: 1e9 });
  await peer(`rm -rf ${remote} && mkdir -p ${remote} && tar -x -C ${remote}`, tar);
}

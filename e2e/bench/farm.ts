/**
 * Builds the same project for amd64 and arm64 with Barnraiser and with `podman farm` on the same nodes: a first build, one with a
 * small changed file, and one without changes. `podman farm` pushes to a registry, so Barnraiser's time includes a push. Prints
 * wall-clock times, and the ratio of podman's time to Barnraiser's.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeProject, Person, setUpLab } from '../harness.ts';
import { type Lab, runOnNode } from '../lab/lab.ts';

/** The node whose podman acts as the client. Only podman 5 has `podman farm`. */
const client = 'amd-b';
const members = ['amd-b', 'arm-a'] as const;
const remote = '/root/bench';

export async function measureFarm(): Promise<void> {
  const lab = await setUpLab();
  const person = await Person.create();
  // separate projects of the same size, so that one tool does not use cached steps of the other
  const [ourProject, theirProject] = await Promise.all([makeSample(lab.from), makeSample(lab.from)]);
  try {
    await person.addConnections(...lab.podman.filter(({ name }) => members.some((member) => member === name)));
    await prepareClient(lab);
    for (const title of ['first build', 'one small file changed', 'nothing changed']) {
      if (title === 'one small file changed') {
        await Promise.all([ourProject, theirProject].map((folder) => writeFile(join(folder, 'small'), randomBytes(8))));
      }
      await copyToClient(theirProject, remote);
      const barnraiserSeconds = await measureSeconds(() => buildWithBarnraiser(person, lab, ourProject));
      const podmanSeconds = await measureSeconds(() => buildWithPodman(lab));
      console.log(
        `${title}: barnraiser ${barnraiserSeconds.toFixed(1)} s, podman farm ${podmanSeconds.toFixed(1)} s, ` +
          `ratio ${(podmanSeconds / barnraiserSeconds).toFixed(2)}`,
      );
    }
  } finally {
    await runOnClient(
      `podman farm remove bench; podman system connection remove --all; rm -rf ${remote} /root/.ssh`,
    ).catch(() => undefined);
    await person.remove();
    await Promise.all([ourProject, theirProject].map((folder) => rm(folder, { recursive: true })));
    await Promise.all(lab.podman.map(({ name }) => runOnNode(name, 'podman image prune --force')));
  }
}

function makeSample(from: string): Promise<string> {
  return makeProject({
    Containerfile: `${from}COPY large /large\nRUN wc -c /large > /size\nCOPY small /small\n`,
    large: randomBytes(50_000_000),
    small: '0',
  });
}

async function buildWithBarnraiser(person: Person, lab: Lab, folder: string): Promise<void> {
  await person.mustRun('build', '-t', 'bench:1', folder);
  await person.mustRun('push', 'bench:1', `${lab.registry.address}/bench/ours:1`, '--tls-verify=false');
}

async function buildWithPodman(lab: Lab): Promise<void> {
  const reference = `${lab.registry.address}/bench/theirs`;
  await runOnClient(
    `cd ${remote} && podman farm build --farm bench --tls-verify=false --local=false -t ${reference} .`,
  );
}

async function measureSeconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

async function runOnClient(command: string, input?: Buffer): Promise<string> {
  const { code, stdout, stderr } = await runOnNode(client, command, input ? { input } : {});
  if (code !== 0) {
    throw new Error(`${command}: ${stderr || stdout}`);
  }
  return stdout;
}

/** Adds connections to the same nodes and a farm of them to the client's podman. */
async function prepareClient(lab: Lab): Promise<void> {
  await runOnClient('mkdir -p /root/.ssh && chmod 700 /root/.ssh');
  for (const name of members) {
    const node = lab.nodes.find((candidate) => candidate.name === name);
    if (!node) {
      throw new Error(`The lab has no node ${name}.`);
    }
    await runOnClient('cat > /root/.ssh/bench && chmod 600 /root/.ssh/bench', await readFile(node.identity));
    await runOnClient('cat >> /root/.ssh/known_hosts', await readFile(node.knownHosts));
    await runOnClient(`podman system connection add ${name} ${node.uri} --identity /root/.ssh/bench`);
  }
  await runOnClient(`podman farm create bench ${members.join(' ')}`);
}

async function copyToClient(folder: string, remote: string): Promise<void> {
  const tar = execFileSync('tar', ['-c', '-C', folder, '.'], { maxBuffer: 1e9 });
  await runOnClient(`rm -rf ${remote} && mkdir -p ${remote} && tar -x -C ${remote}`, tar);
}

/**
 * Builds the same project with Barnraiser and with `podman farm build` on the same nodes: a first build, one with a small changed
 * file, and one without changes. `podman farm` pushes to a registry, and so does Barnraiser.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ensureBundled } from '../bundle.ts';
import { makeProject, Person, setUpLab } from '../harness.ts';
import { mustRun } from '../lab/command.ts';
import { type LabNode, runOnNode } from '../lab/lab.ts';
import { openBrowserFrontEnd } from '../pages/browser-front-end.ts';
import { type Bench, measureSeconds } from './bench.ts';
import { type NodeBehindLine, nodeBehindLine } from './node-behind-line.ts';

/** The node whose podman acts as the client. Only podman 5 has `podman farm`. */
export const client = 'amd-b';
const remoteFolder = '/root/bench';

/** `line` is the amd64 node over a slow line. */
type FarmKind = 'amd64' | 'arm64' | 'line';

export async function measureFarm(bench: Bench, kind: FarmKind): Promise<void> {
  await ensureBundled();
  const lab = await setUpLab();
  const mark = randomBytes(6).toString('hex');
  const person = await Person.create();
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-bench-'));
  // separate projects of the same size, so that one tool does not use cached steps of the other
  const containerfile = `${lab.from}LABEL bench=${mark}\nCOPY large /large\nRUN wc -c /large > /size\nCOPY small /small\n`;
  const projects = await Promise.all([0, 1].map(() => makeProject({ Containerfile: containerfile })));
  const [ourProject = '', theirProject = ''] = projects;
  const references = { ours: `bench/ours-${mark}`, theirs: `bench/theirs-${mark}` };
  const nodes = [lab.node(client), ...(kind === 'arm64' ? [lab.node('arm-a')] : [])];
  const platforms = nodes.map(({ platform }) => platform).join();
  let behindLine: NodeBehindLine | undefined;

  const build = (...options: string[]): Promise<number> => {
    const push = [`--push=${lab.registry.address}/${references.ours}`, '--tls-verify=false', ...options];
    return measureSeconds(() => person.mustRun('build', '-t', 'bench:1', '--platform', platforms, ...push, ourProject));
  };
  const buildWithPodman = (): Promise<number> => {
    const options = `--farm bench --tls-verify=false --local=false -t ${lab.registry.address}/${references.theirs}`;
    return measureSeconds(() => runOnClient(`cd ${remoteFolder} && podman farm build ${options} .`));
  };
  /** Changes a file of both projects. The node of podman gets its project before anything is measured. */
  const change = async (file: string, sizeBytes: number): Promise<void> => {
    await Promise.all(projects.map((project) => writeFile(join(project, file), randomBytes(sizeBytes))));
    await copyToClient(theirProject);
    await mustRun(['sync']);
  };
  const makeNew = async (): Promise<void> => {
    await change('small', 8);
    await change('large', bench.isSmall ? 50_000 : 50_000_000);
  };

  try {
    let reached: readonly LabNode[] = nodes;
    if (kind === 'line') {
      behindLine = await nodeBehindLine(lab.node(client), { roundTripMs: 20, megabitsPerSecond: 100 }, folder);
      reached = [behindLine.node];
    }
    await person.addConnections(...reached);
    // hundreds of images of earlier tests would slow down podman, and so both programs
    await Promise.all(nodes.map(({ name }) => runOnNode(name, 'podman image prune --all --force')));
    await prepareClient(reached);
    if (kind === 'line') {
      await makeNew();
      await build();
      await buildWithPodman();
    }
    await bench.repeat(async () => {
      if (kind !== 'line') {
        await makeNew();
        await bench.compare(`farm/${kind}/direct`, () => build('--direct'), buildWithPodman);
        await makeNew();
        await bench.compare(`farm/${kind}/first`, build, buildWithPodman);
      }
      await change('small', 8);
      await bench.compare(`farm/${kind}/changed`, build, buildWithPodman);
      await bench.compare(`farm/${kind}/nothing`, build, buildWithPodman);
    });
    if (kind === 'amd64') {
      const app = await openBrowserFrontEnd(person);
      try {
        await bench.repeat(() => bench.compare('farm/amd64/attached', build, buildWithPodman));
      } finally {
        await app.close();
      }
    }
    await assertSamePlatforms(lab.registry.address, references);
  } finally {
    await resetClient().catch(() => undefined);
    await behindLine?.close();
    await person.remove();
    await Promise.all([folder, ...projects].map((each) => rm(each, { recursive: true })));
    await Promise.all(nodes.map(({ name }) => removeImages(name, mark)));
  }
}

async function runOnClient(command: string, input?: Buffer): Promise<string> {
  const { code, stdout, stderr } = await runOnNode(client, command, input ? { input } : {});
  if (code !== 0) {
    throw new Error(`${command}: ${stderr || stdout}`);
  }
  return stdout;
}

/** Removes what {@link prepareClient} adds, also that of a measurement that was killed. */
async function resetClient(): Promise<void> {
  const commands = [
    'podman farm remove bench',
    'podman system connection remove --all',
    `rm -rf ${remoteFolder} /root/.ssh`,
  ];
  await runOnClient(`${commands.join('; ')}; true`);
}

/** Adds connections to the same nodes and a farm of them to the client's podman. */
async function prepareClient(nodes: readonly LabNode[]): Promise<void> {
  await resetClient();
  await runOnClient('mkdir -p /root/.ssh && chmod 700 /root/.ssh');
  for (const { name, identity, knownHosts, uri } of nodes) {
    await runOnClient('cat > /root/.ssh/bench && chmod 600 /root/.ssh/bench', await readFile(identity));
    await runOnClient('cat >> /root/.ssh/known_hosts', await readFile(knownHosts));
    await runOnClient(`podman system connection add ${name} ${uri} --identity /root/.ssh/bench`);
  }
  await runOnClient(`podman farm create bench ${nodes.map(({ name }) => name).join(' ')}`);
}

async function copyToClient(folder: string): Promise<void> {
  const tar = execFileSync('tar', ['-c', '-C', folder, '.'], { maxBuffer: 1e9 });
  await runOnClient(`rm -rf ${remoteFolder} && mkdir -p ${remoteFolder} && tar -x -C ${remoteFolder}`, tar);
}

/** Removes the images with a label that marks those of one measurement. */
export async function removeImages(node: string, mark: string): Promise<void> {
  const filter = `label=bench=${mark}`;
  await runOnNode(
    node,
    `podman rmi --force $(podman images --quiet --filter ${filter}); podman image prune --force --filter ${filter}`,
  );
}

const indexSchema = z.object({
  manifests: z.array(z.object({ platform: z.object({ os: z.string(), architecture: z.string() }) })),
});

/** Makes sure that both have done the same work. */
async function assertSamePlatforms(address: string, references: { ours: string; theirs: string }): Promise<void> {
  const platformsOf = async (repository: string): Promise<string> => {
    const response = await fetch(`http://${address}/v2/${repository}/manifests/latest`, {
      headers: { accept: 'application/vnd.oci.image.index.v1+json' },
    });
    const { manifests } = indexSchema.parse(await response.json());
    return manifests
      .map(({ platform }) => `${platform.os}/${platform.architecture}`)
      .sort()
      .join();
  };
  const [ours, theirs] = await Promise.all([platformsOf(references.ours), platformsOf(references.theirs)]);
  if (ours !== theirs) {
    throw new Error(`Ours has the platforms ${ours}, podman farm ${theirs}.`);
  }
}

/**
 * Builds the same project with Barnraiser and with `docker buildx build` on the same docker node, which both reach over SSH: how long it
 * takes, and how many bytes pass the line.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBundled } from '../bundle.ts';
import { makeProject, Person, setUpLab } from '../harness.ts';
import { type LabNode, runOnNode } from '../lab/lab.ts';
import { type Bench, measureSeconds } from './bench.ts';
import { type NodeBehindLine, nodeBehindLine } from './node-behind-line.ts';

/** The node that builds. Its docker is the client of buildx, too. */
export const dockerNode = 'docker-a';
type Lab = Awaited<ReturnType<typeof setUpLab>>;

const remoteFolder = '/root/bench';
const sshFolder = '/root/.ssh';

export async function measureDocker(bench: Bench): Promise<void> {
  await ensureBundled();
  const lab = await setUpLab();
  const mark = randomBytes(6).toString('hex');
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-bench-'));
  let behindLine: NodeBehindLine | undefined;
  try {
    await measureTimes(bench, lab, mark);
    behindLine = await nodeBehindLine(lab.node(dockerNode), { roundTripMs: 1, megabitsPerSecond: 1000 }, folder);
    await measureBytes(bench, lab, behindLine, mark);
  } finally {
    await behindLine?.close();
    await rm(folder, { recursive: true });
    await onNode(
      `docker rmi --force $(docker images --quiet --filter label=bench=${mark}); rm -rf ${remoteFolder} ${sshFolder}`,
    ).catch(() => undefined);
  }
}

async function measureTimes(bench: Bench, lab: Lab, mark: string): Promise<void> {
  const containerfile = `${lab.from}LABEL bench=${mark}\nCOPY large /large\nRUN wc -c /large > /size\nCOPY small /small\n`;
  const pair = await makePair(lab.node(dockerNode), { Containerfile: containerfile });
  const registry = lab.registry.address;
  const build = (): Promise<number> => {
    const push = [`--push=${registry}/bench/ours-${mark}`, '--tls-verify=false'];
    return measureSeconds(() => pair.person.mustRun('build', '-t', 'bench:1', ...push, pair.ours));
  };
  const buildWithBuildx = () => measureSeconds(() => pair.buildx(`--push -t ${registry}/bench/theirs-${mark}`));
  try {
    await bench.repeat(async () => {
      await pair.change('small', 8);
      await pair.change('large', bench.isSmall ? 50_000 : 50_000_000);
      await bench.compare('docker/time/first', build, buildWithBuildx);
      await pair.change('small', 8);
      await bench.compare('docker/time/changed', build, buildWithBuildx);
      await bench.compare('docker/time/nothing', build, buildWithBuildx);
    });
  } finally {
    await pair.remove();
  }
}

async function measureBytes(bench: Bench, lab: Lab, line: NodeBehindLine, mark: string): Promise<void> {
  const files = Array.from({ length: bench.isSmall ? 100 : 10_000 }, (_, file) => [
    `files/${file % 100}/${file}`,
    randomBytes(2_000),
  ]);
  // the image stays small, so that the bytes are those of the context
  const containerfile = `${lab.from.replace(/^(FROM .+)$/m, '$1 AS all')}COPY . /all\nRUN ls -R /all | wc -l > /count\nFROM scratch\nLABEL bench=${mark}\nCOPY --from=all /count /count\n`;
  const pair = await makePair(line.node, { Containerfile: containerfile, ...Object.fromEntries(files) });
  const megabytesOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = line.bytes();
    await work();
    return (line.bytes() - before) / 1_000_000;
  };
  const build = () => megabytesOf(() => pair.person.mustRun('build', '-t', 'bench:1', '--no-skip', pair.ours));
  const buildWithBuildx = () => megabytesOf(() => pair.buildx(`-t bench-${mark}`));
  try {
    await bench.repeat(async () => {
      await pair.change('files/7/7', 2_000);
      await bench.compare('docker/bytes/changed', build, buildWithBuildx);
      await bench.compare('docker/bytes/nothing', build, buildWithBuildx);
    });
  } finally {
    await pair.remove();
  }
}

/** Two projects with the same files, so that one program does not use cached steps of the other. */
interface Pair {
  readonly person: Person;
  readonly ours: string;
  /** Builds the other one with `docker buildx`. */
  buildx(options: string): Promise<void>;
  /** Changes a file of both. */
  change(file: string, sizeBytes: number): Promise<void>;
  remove(): Promise<void>;
}

async function makePair(node: LabNode, files: Readonly<Record<string, string | Buffer>>): Promise<Pair> {
  const [ours, theirs] = await Promise.all([makeProject(files), makeProject(files)]);
  const person = await Person.create();
  await person.addConnections(node);
  await onNode(`rm -rf ${remoteFolder} ${sshFolder} && mkdir -p ${remoteFolder} && mkdir -m 700 ${sshFolder}`);
  await onNode(`cat > ${sshFolder}/bench && chmod 600 ${sshFolder}/bench`, await readFile(node.identity));
  await onNode(`cat > ${sshFolder}/known_hosts`, await readFile(node.knownHosts));
  await onNode(`printf 'IdentityFile ${sshFolder}/bench\\nLogLevel ERROR\\n' > ${sshFolder}/config`);
  const copy = async (names: string): Promise<void> => {
    const tar = execFileSync('tar', ['-c', '-C', theirs, names], { maxBuffer: 1e9 });
    await onNode(`tar -x -C ${remoteFolder}`, tar);
  };
  await copy('.');
  const host = new URL(node.uri);
  return {
    person,
    ours,
    async buildx(options) {
      const environment = `DOCKER_HOST=ssh://${host.username}@${host.host}`;
      await onNode(`cd ${remoteFolder} && ${environment} docker buildx build -q -f Containerfile ${options} .`);
    },
    async change(file, sizeBytes) {
      await Promise.all([ours, theirs].map((project) => writeFile(join(project, file), randomBytes(sizeBytes))));
      await copy(file);
    },
    async remove() {
      await person.remove();
      await Promise.all([ours, theirs].map((each) => rm(each, { recursive: true })));
    },
  };
}

async function onNode(command: string, input?: Buffer): Promise<void> {
  const { code, stdout, stderr } = await runOnNode(dockerNode, command, input ? { input } : {});
  if (code !== 0) {
    throw new Error(`${command}: ${stderr || stdout}`);
  }
}

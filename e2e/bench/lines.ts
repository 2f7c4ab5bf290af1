/**
 * Builds over slow lines, and measures how long a context of 20 MB, one that can be compressed, and an image of 20 MB take. The
 * comparison is `ssh`, which sends the same number of bytes each way over a session that is already open.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type Phase, phaseSchema } from '../../shared/build.ts';
import { ensureBundled } from '../bundle.ts';
import { makeProject, Person, type Running, setUpLab } from '../harness.ts';
import { mustRun, run } from '../lab/command.ts';
import type { LabNode } from '../lab/lab.ts';
import { type Bench, measureSeconds } from './bench.ts';
import { removeImages } from './farm.ts';
import { nodeBehindLine } from './node-behind-line.ts';
import { lines } from './rows.ts';

const nodeName = 'amd-b';

export async function measureLines(bench: Bench): Promise<void> {
  await ensureBundled();
  for (const line of lines) {
    await measureLine(bench, line);
  }
}

async function measureLine(bench: Bench, line: (typeof lines)[number]): Promise<void> {
  const lab = await setUpLab();
  const sizeBytes = bench.isSmall ? 200_000 : 20_000_000;
  const mark = randomBytes(6).toString('hex');
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-bench-'));
  const project = await makeProject({
    Containerfile: `FROM scratch\nLABEL bench=${mark}\nCOPY large /large\n`,
  });
  const person = await Person.create();
  const { node, close } = await nodeBehindLine(lab.node(nodeName), line, folder);
  const ssh = sshTo(node, folder);
  try {
    await person.addConnections(node);
    // in the background when the session is open
    await mustRun([...ssh, '-fN', '-o', 'ControlMaster=yes', '-E', join(folder, 'log'), host]);
    const build = async (content: Buffer): Promise<Phases> => {
      await writeFile(join(project, 'large'), content);
      return measurePhases(person.start('build', '--json', '-t', 'bench:1', '--platform', node.platform, project));
    };
    await bench.repeat(async () => {
      const content = randomBytes(sizeBytes);
      const phases = await build(content);
      const send = () => mustRun([...ssh, host, 'cat > /dev/null'], { input: content });
      bench.add(`line/${line.name}/context`, phases.context, await measureSeconds(send));
      const text = Buffer.from(randomBytes(sizeBytes / 2).toString('hex'));
      bench.add(`line/${line.name}/text`, (await build(text)).context, await measureSeconds(send));
      const receive = () => mustRun([...ssh, host, `head -c ${sizeBytes} /dev/urandom`]);
      bench.add(`line/${line.name}/image`, phases.image, await measureSeconds(receive));
    });
  } finally {
    await run([...ssh, '-O', 'exit', host]);
    await close();
    await person.remove();
    await Promise.all([folder, project].map((each) => rm(each, { recursive: true })));
    await removeImages(nodeName, mark);
  }
}

const host = '127.0.0.1';

/** The command line of ssh to a node, without the host. It shares one session. */
function sshTo({ port, identity, knownHosts }: LabNode, folder: string): string[] {
  const settings = {
    BatchMode: 'yes',
    User: 'root',
    IdentityFile: identity,
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    UserKnownHostsFile: knownHosts,
    ControlPath: join(folder, 'ssh'),
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return ['ssh', '-F', 'none', '-p', String(port), ...options];
}

const jobChangedSchema = z.object({ event: z.literal('job.changed'), job: z.object({ status: phaseSchema }) });

/** How long a job sends its context, and receives its image, with what it does on the node after that. In seconds. */
interface Phases {
  readonly context: number;
  readonly image: number;
}

/** @param running a build of one job with `--json` */
async function measurePhases(running: Running): Promise<Phases> {
  const startOf = async (phase: Phase): Promise<number> => {
    await running.waitForLine((line) => jobChangedSchema.safeParse(JSON.parse(line)).data?.job.status === phase);
    return performance.now();
  };
  const [context, building, transferring, done] = await Promise.all([
    startOf('context'),
    startOf('building'),
    startOf('transferring'),
    startOf('done'),
  ]);
  await running.ended;
  return { context: (building - context) / 1000, image: (done - transferring) / 1000 };
}

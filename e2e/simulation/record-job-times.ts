/**
 * Records job times for the simulation: builds a few projects on nodes of the lab with Barnraiser itself, first without and then with a
 * cache, and keeps what it remembers of them in `job-times.json`.
 *
 *     npx tsx e2e/simulation/record-job-times.ts
 */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { jobTimeSchema } from '../../shared/emulation.ts';
import { makeProject, Person, setUpLab } from '../harness.ts';
import { recordedTimesFile } from './recorded-times.ts';

const nodes = ['amd-a', 'amd-b', 'docker-a', 'arm-a'];
/** Steps that compute, write files, and move bytes. */
const steps = {
  small: ['RUN wc -c /small > /a', 'RUN sha256sum /small > /b'],
  computing: ['RUN i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sha256sum /small > /a', 'RUN echo a > /b'],
  large: ['COPY large /large', 'RUN sha256sum /large > /a'],
};
/** One build without a cache, the others with the first steps in it. */
const repeats = 3;

const memorySchema = z.object({ times: z.array(jobTimeSchema) });

async function record(): Promise<void> {
  const lab = await setUpLab();
  const person = await Person.create();
  const folders: string[] = [];
  const recorded: { project: string; time: z.infer<typeof jobTimeSchema> }[] = [];
  try {
    await person.addConnections(...nodes.map((name) => lab.node(name)));
    for (const [project, lines] of Object.entries(steps)) {
      const mark = randomBytes(6).toString('hex');
      const containerfile = `${lab.from}LABEL mark=${mark}\nCOPY small /small\n${lines.join('\n')}\nCOPY changed /changed\nRUN wc -c /changed\n`;
      const folder = await makeProject({ Containerfile: containerfile });
      folders.push(folder);
      await writeFile(join(folder, 'small'), randomBytes(4096));
      await writeFile(join(folder, 'large'), randomBytes(20_000_000));
      for (let repeat = 0; repeat < repeats; repeat += 1) {
        await writeFile(join(folder, 'changed'), randomBytes(64));
        for (const name of nodes) {
          const platform = lab.node(name).platform;
          const target = ['--node', name, '--platform', platform, '--no-skip'];
          await person.mustRun('build', '-t', `simulation/${project}:${mark}`, ...target, folder);
        }
      }
      const memories = join(person.home, 'projects');
      for (const file of (await readdir(memories)).filter((each) => each.endsWith('.json'))) {
        const { times } = memorySchema.parse(JSON.parse(await readFile(join(memories, file), 'utf8')));
        recorded.push(...times.map((time) => ({ project, time })));
        await rm(join(memories, file));
      }
    }
  } finally {
    await person.remove();
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
  }
  const times = recorded.map(({ project, time }) => {
    const { at: _, alongside: _alongside, transferMs: _transferMs, ...kept } = time;
    return { project, ...kept };
  });
  await writeFile(recordedTimesFile, `${JSON.stringify({ times }, null, 1)}\n`);
  process.stdout.write(`${times.length} job times in ${recordedTimesFile}\n`);
}

await record();

/** How many bytes pass the line of a podman node when one file of a large context has changed. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBundled } from '../bundle.ts';
import { makeProject, Person, setUpLab } from '../harness.ts';
import type { Bench } from './bench.ts';
import { nodeBehindLine } from './node-behind-line.ts';

/** The part of the context that may pass the line, in both directions. */
const limitShare = 0.02;
const fileBytes = 4_000;

export async function measureContext(bench: Bench): Promise<void> {
  await ensureBundled();
  const lab = await setUpLab();
  const fileCount = bench.isSmall ? 500 : 10_000;
  const files = Array.from({ length: fileCount }, (_, file) => [`files/${file % 100}/${file}`, randomBytes(fileBytes)]);
  // the image stays small, so that the bytes are those of the context
  const containerfile = `FROM scratch\nCOPY files/7/7 /\n# ${randomBytes(6).toString('hex')}\n`;
  const project = await makeProject({ Containerfile: containerfile, ...Object.fromEntries(files) });
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-bench-'));
  const person = await Person.create();
  const { node, bytes, close } = await nodeBehindLine(
    lab.node('amd-b'),
    { roundTripMs: 1, megabitsPerSecond: 1000 },
    folder,
  );
  try {
    await person.addConnections(node);
    await person.mustRun('build', '-t', 'bench:1', project);
    await bench.repeat(async () => {
      await writeFile(join(project, 'files/7/7'), randomBytes(fileBytes));
      const before = bytes();
      await person.mustRun('build', '-t', 'bench:1', project);
      bench.add('context/changed', (bytes() - before) / 1000, (limitShare * fileCount * fileBytes) / 1000);
    });
  } finally {
    await close();
    await person.remove();
    await Promise.all([folder, project].map((each) => rm(each, { recursive: true })));
  }
}

/** Exports an image of 600 MB as archives, and so does skopeo; and measures the memory meanwhile: the peak of the resident set. */
import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureBundled } from '../bundle.ts';
import { makeProject, Person, setUpLab } from '../harness.ts';
import { mustRun } from '../lab/command.ts';
import { type Bench, measureSeconds } from './bench.ts';

const kinds = ['oci-archive', 'docker-archive'] as const;
const limitMb = 250;

export async function measureExports(bench: Bench): Promise<void> {
  await ensureBundled();
  const lab = await setUpLab();
  const layerBytes = bench.isSmall ? 100_000 : 150_000_000;
  const layers = [0, 1, 2, 3];
  const project = await makeProject({
    Containerfile: `FROM scratch\n${layers.map((layer) => `COPY ${layer} /${layer}\n`).join('')}`,
    ...Object.fromEntries(layers.map((layer) => [`${layer}`, randomBytes(layerBytes)])),
  });
  const person = await Person.create();
  const file = (name: string): string => join(person.home, name);
  try {
    await person.addConnections(lab.node('amd-b'));
    await person.mustRun('build', '-t', 'bench:1', '--cleanup', project);
    await bench.repeat(async () => {
      for (const kind of kinds) {
        await Promise.all([rm(file('ours.tar'), { force: true }), rm(file('theirs.tar'), { force: true })]);
        await mustRun(['sync']);
        await bench.compare(
          `export/${kind}`,
          () => measureSeconds(() => person.mustRun('export', 'bench:1', `${kind}:${file('ours.tar')}`)),
          () =>
            measureSeconds(() =>
              mustRun([
                ...['skopeo', 'copy', '--quiet', ...(kind === 'oci-archive' ? ['--all'] : [])],
                ...[`oci:${file('images')}:bench:1`, `${kind}:${file('theirs.tar')}:bench:1`],
              ]),
            ),
        );
      }
    });
    for (const output of [`oci-archive:${file('peak.tar')}`, `rootfs:${file('peak')}`]) {
      bench.addOnce(`export/memory-${output.split(':')[0]}`, await peakOf(person, output), limitMb);
    }
  } finally {
    await person.remove();
    await rm(project, { recursive: true });
  }
}

async function peakOf(person: Person, output: string): Promise<number> {
  const running = person.start('export', 'bench:1', output);
  let peak = 0;
  const timer = setInterval(async () => {
    const status = await readFile(`/proc/${running.process.pid}/status`, 'utf8').catch(() => '');
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
  }, 20);
  const { code, stderr } = await running.ended;
  clearInterval(timer);
  if (code !== 0) {
    throw new Error(stderr);
  }
  return peak;
}

/** Measures the memory of the app while it streams a context of 1 GB to three nodes in parallel: the peak of its resident set. */
import { randomBytes } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureBundled } from '../bundle.ts';
import { makeProject, Person, parseBuild, setUpLab } from '../harness.ts';
import { runOnNode } from '../lab/lab.ts';
import type { Bench } from './bench.ts';

const limitMb = 250;

export async function measureMemory(bench: Bench): Promise<void> {
  const contextBytes = bench.isSmall ? 1_000_000 : 1_000_000_000;
  await ensureBundled();
  const lab = await setUpLab();
  const person = await Person.create();
  const folder = await makeProject({ Containerfile: 'FROM scratch\nCOPY small /small\n', small: 'x' });
  try {
    await fill(join(folder, 'large'), contextBytes);
    await person.addConnections(...lab.podman);
    // three platforms on three nodes: amd64 machines also run 386 natively
    const pins = ['linux/amd64=amd-a', 'linux/386=amd-b', 'linux/arm64=arm-a'];
    const platforms = pins.map((pin) => pin.split('=')[0]).join();
    const running = person.start(
      ...['build', '--json', '-t', 'bench:1', '--cleanup', '--platform', platforms],
      ...pins.flatMap((pin) => ['--pin', pin]),
      folder,
    );
    let peak = 0;
    const timer = setInterval(async () => {
      const status = await readFile(`/proc/${running.process.pid}/status`, 'utf8').catch(() => '');
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
    }, 100);
    const build = parseBuild(await running.ended);
    clearInterval(timer);
    if (build.status !== 'done') {
      throw new Error(build.problem?.message ?? 'The build failed.');
    }
    // a peak needs no median
    bench.addOnce('memory/peak', peak, limitMb);
  } finally {
    await person.remove();
    await rm(folder, { recursive: true });
    await Promise.all(lab.podman.map(({ name }) => runOnNode(name, 'podman image prune --force')));
  }
}

async function fill(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, 'w');
  for (let remaining = sizeBytes; remaining > 0; remaining -= 8_000_000) {
    await file.write(randomBytes(Math.min(8_000_000, remaining)));
  }
  await file.close();
}

/**
 * Measures the memory of the app while it streams a context of 1 GB to three nodes in parallel.
 * `npm run bench -- memory [BYTES]` prints the peak of its resident set, and its ratio to our limit.
 */
import { randomBytes } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeProject, Person, parseBuild, setUpLab } from '../harness.ts';
import { runOnNode } from '../lab/lab.ts';

const limitMb = 250;

export async function measureMemory(contextBytes = 1_000_000_000): Promise<void> {
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
    for (const { platform, node, status, bytesSent, durationMs = 0 } of build.jobs) {
      const seconds = durationMs / 1000;
      const rate = bytesSent / 1e6 / seconds;
      console.log(
        `${platform} ${node}: ${status}, ${(bytesSent / 1e6).toFixed(0)} MB in ${seconds.toFixed(1)} s, ${rate.toFixed(0)} MB/s`,
      );
    }
    console.log(
      `peak resident set ${peak.toFixed(0)} MB: ${(peak / limitMb).toFixed(2)} of the limit of ${limitMb} MB`,
    );
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

/** Pushes a list of 1 GB to a registry that does not have it yet, and then into another repository of it, and so does skopeo. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBundled } from '../bundle.ts';
import { makeProject, Person, setUpLab } from '../harness.ts';
import { mustRun } from '../lab/command.ts';
import { type AuthRegistry, startAuthRegistry } from '../lab/registries.ts';
import { type Bench, measureSeconds } from './bench.ts';

const architectures = ['amd64', '386'];
const layers = [0, 1, 2, 3];

export async function measurePush(bench: Bench): Promise<void> {
  await ensureBundled();
  const lab = await setUpLab();
  const layerBytes = bench.isSmall ? 100_000 : 125_000_000;
  const copies = layers.map((layer) => `COPY $TARGETARCH/${layer} /${layer}\n`).join('');
  const project = await makeProject({
    Containerfile: `FROM scratch\nARG TARGETARCH\n${copies}`,
    ...Object.fromEntries(
      architectures.flatMap((name) => layers.map((layer) => [`${name}/${layer}`, randomBytes(layerBytes)])),
    ),
  });
  const person = await Person.create();
  const folder = await mkdtemp(join(tmpdir(), 'barnraiser-bench-'));
  const push = ({ address, username, password }: AuthRegistry, repository: string) => {
    const options = ['--tls-verify=false', '--creds', `${username}:${password}`];
    return measureSeconds(() => person.mustRun('push', 'bench:1', `${address}/${repository}:1`, ...options));
  };
  const copy = ({ address, username, password }: AuthRegistry, repository: string) => {
    const options = ['--all', '--quiet', '--dest-tls-verify=false', '--dest-creds', `${username}:${password}`];
    const source = `oci:${join(folder, 'image')}`;
    return measureSeconds(() => mustRun(['skopeo', 'copy', ...options, source, `docker://${address}/${repository}:1`]));
  };
  try {
    await person.addConnections(lab.node('amd-b'));
    const platforms = architectures.map((name) => `linux/${name}`).join();
    await person.mustRun('build', '-t', 'bench:1', '--cleanup', '--platform', platforms, project);
    await person.mustRun('export', 'bench:1', `oci:${join(folder, 'image')}`);
    await bench.repeat(async () => {
      // new ones: both remember which blobs a registry has
      const ours = await startAuthRegistry({ mode: 'basic' });
      const theirs = await startAuthRegistry({ mode: 'basic' });
      try {
        await mustRun(['sync']);
        for (const [row, repository] of [
          ['push/first', 'bench/first'] as const,
          ['push/mount', 'bench/second'] as const,
        ]) {
          await bench.compare(
            row,
            () => push(ours, repository),
            () => copy(theirs, repository),
          );
        }
      } finally {
        await Promise.all([ours.stop(), theirs.stop()]);
      }
    });
  } finally {
    await person.remove();
    await Promise.all([project, folder].map((each) => rm(each, { recursive: true })));
  }
}

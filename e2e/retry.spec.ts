/** A platform that failed is built again, and the platforms that were done are not; on real nodes, in separate processes. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, Person, parseBuild, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';

const lab = await setUpLab();
let person: Person;
let folder: string;

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(...lab.podman.filter(({ name }) => name === 'amd-a' || name === 'arm-a'));
  folder = await makeProject({ Dockerfile: containerfile('false') });
});
afterAll(async () => {
  await person.remove();
  await rm(folder, { recursive: true });
});

/** Fails on arm64 unless `command` succeeds. */
function containerfile(command: string): string {
  return `${lab.from}RUN if [ "$(uname -m)" = aarch64 ]; then ${command}; fi\nRUN uname -m > /arch\nCMD ["cat", "/arch"]\n`;
}

describe('a build that failed on one of two nodes', () => {
  let id: string;

  test('keeps what is done, and says how to go on', async () => {
    const { outcome, build } = await person.build('-t', 'retry:1', folder);
    expect(outcome.code).toBe(1);
    expect(build.jobs.map(({ platform, status }) => `${platform} ${status}`)).toEqual([
      'linux/amd64 done',
      'linux/arm64 failed',
    ]);
    ({ id } = build);
    const builds = await person.mustRun('builds', 'retry failed');
    expect(builds).toContain('linux/amd64 done, linux/arm64 failed');
  });

  test('can be stored and pushed without the platform that failed', async () => {
    const destination = `${lab.registry.address}/spec/retry:part`;
    await person.mustRun('push', 'retry:1', destination, '--tls-verify=false', '--incomplete');
    expect(await person.mustRun('images')).toContain('incomplete: no linux/arm64');
    const run = await runOnNode(
      'amd-a',
      `podman run --rm --pull=always --tls-verify=false --network=host ${destination}`,
    );
    expect(run.stdout.trim()).toBe('x86_64');
  });

  test('is completed by a retry that builds only the other platform', async () => {
    await writeFile(join(folder, 'Dockerfile'), containerfile('true'));
    const outcome = await person.barnraiser('retry', id, '--json');
    expect(outcome.code, outcome.stderr).toBe(0);
    const build = parseBuild(outcome);
    expect(build.jobs).toMatchObject([
      { platform: 'linux/amd64', status: 'done', reusedFrom: id, bytesSent: 0 },
      { platform: 'linux/arm64', status: 'done', node: 'arm-a' },
    ]);
    expect(build.list?.entries.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64']);
    expect(await person.mustRun('images')).not.toContain('incomplete');
    expect(await person.mustRun('logs', build.id, 'linux/amd64')).toContain('uname -m');

    const destination = `${lab.registry.address}/spec/retry:1`;
    await person.mustRun('push', 'retry:1', destination, '--tls-verify=false');
    for (const [name, machine] of [
      ['amd-a', 'x86_64'],
      ['arm-a', 'aarch64'],
    ] as const) {
      const run = await runOnNode(
        name,
        `podman run --rm --pull=always --tls-verify=false --network=host ${destination}`,
      );
      expect(run.stdout.trim()).toBe(machine);
    }
  });
});

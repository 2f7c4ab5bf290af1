/**
 * What is finished of a build is not built again: when a platform has failed, when the process was killed, or when it was suspended. On
 * real nodes, in separate processes.
 */
import { randomInt } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { buildEntrySchema } from '../shared/build-entry.ts';
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

  test('can be stored and pushed without the platform that failed, after a yes', async () => {
    const destination = `${lab.registry.address}/spec/retry:part`;
    await person.mustRun('push', 'retry:1', destination, '--tls-verify=false', '--incomplete');
    // what is stored now is incomplete, too
    const refused = await person.barnraiser('push', 'retry:1', destination, '--tls-verify=false');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('has no image for linux/arm64') });
    expect(refused.stderr).toContain('--incomplete');
    expect(await person.mustRun('images')).toContain('incomplete: no linux/arm64');
    const output = `oci-archive:${join(folder, '..', `${id}.tar`)}`;
    const asked = await person.barnraiser('export', 'retry:1', output);
    expect(asked).toMatchObject({ code: 1, stderr: expect.stringContaining('add --incomplete') });
    await person.mustRun('export', 'retry:1', output, '--platform', 'linux/amd64');
    await rm(output.slice('oci-archive:'.length));
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

describe('a build whose process is killed or suspended', () => {
  const mark = randomInt(1_000_000);
  const names = { 'linux/amd64': 'amd-a', 'linux/arm64': 'amd-b' };
  const pins = Object.entries(names).flatMap(([platform, node]) => ['--pin', `${platform}=${node}`]);
  const nodes = ['--node', 'amd-a,amd-b', '--platform', Object.keys(names).join(','), ...pins];
  const destination = `${lab.registry.address}/spec/resume:${mark}`;
  let project: string;

  beforeAll(async () => {
    await person.addConnections(lab.node('amd-b'));
    project = await makeProject({
      Containerfile: `${lab.from}RUN head -c 4000000 /dev/urandom > /big${mark}\nRUN if [ "$(uname -m)" = aarch64 ]; then sleep 2; fi\n`,
    });
  });
  afterAll(() => rm(project, { recursive: true }));

  const entriesOf = (text: string) => z.array(buildEntrySchema).parse(JSON.parse(text));

  test('is shown as interrupted, and goes on without repeating what was finished', async () => {
    const push = [`--push=${destination}`, '--tls-verify=false'];
    const killed = person.start('build', '--json', '--no-skip', '-t', 'resume:1', ...push, ...nodes, project);
    const line = await killed.waitForLine((text) => /"platform":"linux\/amd64".*"status":"done"/.test(text));
    killed.process.kill('SIGKILL');
    await killed.ended;
    const { buildId: id, job } = z
      .object({ buildId: z.string(), job: z.object({ digest: z.string() }) })
      .parse(JSON.parse(line));
    expect(entriesOf(await person.mustRun('builds', 'interrupted', '--json'))).toMatchObject([
      { id, status: 'interrupted', reference: 'resume:1' },
    ]);
    expect(await person.mustRun('builds')).toContain('interrupted');

    const build = parseBuild(await person.barnraiser('resume', '--json'));
    expect(build).toMatchObject({ id, status: 'done', push: { status: 'done' } });
    const [amd64, arm64] = build.jobs;
    // it has random content, so it would have another digest if it were built again
    expect(amd64?.digest).toBe(job.digest);
    expect(build.push?.skippedBytes).toBeGreaterThan(4_000_000);
    expect(arm64).toMatchObject({ status: 'done', node: 'amd-b' });
    expect(build.list?.entries).toHaveLength(2);
    await person.mustRun('push', 'resume:1', destination, '--tls-verify=false');
    expect((await person.barnraiser('resume', id)).stderr).toContain('was not interrupted');
  });

  test('goes on after a kill while an image is transferred', async () => {
    const killed = person.start('build', '--json', '--no-skip', '--no-cache', '-t', 'resume:4', ...nodes, project);
    await killed.waitForLine((text) => /"status":"transferring"/.test(text));
    killed.process.kill('SIGKILL');
    await killed.ended;
    const build = parseBuild(await person.barnraiser('resume', '--json'));
    expect(build).toMatchObject({ reference: 'resume:4', status: 'done' });
    expect(build.jobs.map(({ status }) => status)).toEqual(['done', 'done']);
    await person.mustRun('push', 'resume:4', `${destination}-killed`, '--tls-verify=false');
  });

  test('is not taken for dead while it is suspended, and ends when it is continued', async () => {
    const suspended = person.start('build', '--json', '--no-cache', '-t', 'resume:2', ...nodes, project);
    await suspended.waitForLine((text) => /"status":"building"/.test(text));
    suspended.process.kill('SIGSTOP');
    const [entry] = entriesOf(await person.mustRun('builds', 'resume:2', '--json'));
    expect(entry?.status).toBe('running');
    suspended.process.kill('SIGCONT');
    const outcome = await suspended.ended;
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(parseBuild(outcome).jobs.map(({ lost }) => lost)).toEqual([[], []]);
  });

  test('is done and pushed without an optional platform that fails', async () => {
    const failing = await makeProject({ Containerfile: `${lab.from}RUN echo ${mark}; test "$TARGETARCH" = amd64\n` });
    const optional = ['--optional', 'linux/arm64', `--push=${destination}-failing`, '--tls-verify=false'];
    const args = ['-t', 'resume:5', '--node', 'amd-a,amd-b', '--platform', 'linux/amd64', ...optional, failing];
    const { outcome, build } = await person.build(...args);
    await rm(failing, { recursive: true });
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(build).toMatchObject({ status: 'done', missing: ['linux/arm64'], push: { status: 'done' } });
    expect(build.jobs).toMatchObject([{ status: 'done' }, { status: 'failed', problem: { code: 'build.failed' } }]);
    const run = `podman run --rm --pull=always --tls-verify=false --network=host ${destination}-failing true`;
    expect((await runOnNode('amd-a', run)).code).toBe(0);
  });

  test('is done and pushed without an optional platform that no node can build', async () => {
    const optional = ['--optional', 'linux/mips64le', `--push=${destination}-optional`, '--tls-verify=false'];
    const args = ['-t', 'resume:3', '--node', 'amd-a', '--platform', 'linux/amd64', ...optional, project];
    const { outcome, build } = await person.build(...args);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(build).toMatchObject({ status: 'done', missing: ['linux/mips64le'], push: { status: 'done' } });
    expect(await person.mustRun('images')).toContain('without linux/mips64le, optional');
    // it was marked, so no other yes is needed
    await person.mustRun('push', 'resume:3', `${destination}-again`, '--tls-verify=false');
    const replaced = await person.barnraiser('push', 'resume:3', destination, '--tls-verify=false');
    expect([replaced.code, replaced.stderr]).toEqual([
      0,
      expect.stringContaining('The list in the registry has linux/arm64, which this one lacks.'),
    ]);
  });
});

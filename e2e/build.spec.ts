/** Builds with podman on real nodes: natively, from the cache, failed and cancelled. */
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, createApp } from '../electron/app.ts';
import type { Build } from '../shared/build.ts';
import { manifestListSchema } from '../shared/image.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';

const lab = await setUpLab();
let person: Person;
const projects: string[] = [];

async function createProject(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await makeProject(files);
  projects.push(folder);
  return folder;
}

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(...lab.podman);
  await person.mustRun('farm', 'create', 'all', ...lab.podman.map(({ name }) => name), '--default');
});
afterAll(async () => {
  await person.remove();
  await Promise.all(projects.map((folder) => rm(folder, { recursive: true })));
});

describe('a build for two architectures', () => {
  test('builds natively on both and creates one list, and the image runs on each node', async () => {
    const folder = await createProject({
      Containerfile: `${lab.from}RUN uname -m > /arch\nCMD ["cat", "/arch"]\n`,
    });
    const { outcome, build } = await person.build('-t', 'two:1', folder);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(build).toMatchObject({ status: 'done', reference: 'two:1' });
    expect(build.list?.entries.map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64']);
    expect(build.jobs.map(({ platform, mode, status }) => [platform, mode, status])).toEqual([
      ['linux/amd64', 'native', 'done'],
      ['linux/arm64', 'native', 'done'],
    ]);
    expect(build.jobs.find(({ platform }) => platform === 'linux/arm64')?.node).toBe('arm-a');
    for (const job of build.jobs) {
      expect(job.transfer).toBe('push');
      expect(job.bytesSent).toBeGreaterThan(500);
      expect(job.bytesReceived).toBeGreaterThan(100_000);
      expect(job.durationMs).toBeGreaterThan(0);
    }

    const destination = `${lab.registry.address}/spec/two:1`;
    await person.mustRun('push', 'two:1', destination, '--tls-verify=false');
    for (const [name, machine] of [
      ['amd-a', 'x86_64'],
      ['amd-b', 'x86_64'],
      ['arm-a', 'aarch64'],
    ] as const) {
      const run = await runOnNode(
        name,
        `podman run --rm --pull=always --tls-verify=false --network=host ${destination}`,
      );
      expect(run, name).toMatchObject({ code: 0, stdout: `${machine}\n` });
    }
  });
});

describe('a build with several names', () => {
  test('has each of them here, and those of registries are pushed, also when nothing has changed', async () => {
    const folder = await createProject({
      Containerfile: `${lab.from}RUN echo ${randomBytes(8).toString('hex')} > /x\n`,
    });
    const repository = `${lab.registry.address}/spec/names-${randomBytes(4).toString('hex')}`;
    const names = [`${repository}:1`, 'names:1', `${repository}:latest`];
    for (const status of ['done', 'unchanged']) {
      const { outcome, build } = await person.build(
        ...names.flatMap((name) => ['-t', name]),
        ...['--push', '--tls-verify=false', '--node', 'amd-b', folder],
      );
      expect(outcome.code, outcome.stderr).toBe(0);
      expect(build.request.furtherNames).toEqual(names.slice(1));
      expect(build.jobs[0]?.skipped ? 'unchanged' : build.jobs[0]?.status).toBe(status);
      const images = manifestListSchema.array().parse(JSON.parse(await person.mustRun('images', '--json')));
      expect(names.map((name) => images.find(({ reference }) => reference === name)?.digest)).toEqual(
        names.map(() => build.list?.digest),
      );
      const tags = await fetch(`http://${repository.replace('/', '/v2/')}/tags/list`);
      expect(await tags.json()).toMatchObject({ tags: expect.arrayContaining(['1', 'latest']) });
      await person.mustRun('untag', 'names:1');
    }
  });
});

describe('a repeated build', () => {
  test('transfers only the changed layers of an image of 200 MB', async () => {
    const folder = await createProject({
      Containerfile: `${lab.from}COPY large /large\nRUN wc -c /large > /size\nCOPY small /small\n`,
      large: randomBytes(200_000_000),
      small: 'one',
    });
    const build = (): ReturnType<Person['build']> =>
      person.build('-t', 'large:1', '--node', 'amd-b', '--platform', 'linux/amd64', folder);

    const first = await build();
    expect(first.build.jobs[0]?.bytesReceived).toBeGreaterThan(200_000_000);

    await writeFile(join(folder, 'small'), 'two');
    const second = await build();
    expect(second.outcome.code, second.outcome.stderr).toBe(0);
    const [job] = second.build.jobs;
    expect(job?.steps.filter(({ cached }) => cached).length).toBeGreaterThanOrEqual(2);
    expect(job?.bytesReceived).toBeGreaterThan(0);
    expect(job?.bytesReceived).toBeLessThan(100_000);
    expect(second.build.list?.digest).not.toBe(first.build.list?.digest);

    const third = await build();
    expect(third.build.list?.digest).toBe(second.build.list?.digest);
    expect(third.build.jobs[0]?.bytesReceived).toBeLessThan(10_000);
  });

  test('keeps its newest image on the node without a name and removes the previous one', async () => {
    // a run that was interrupted may have left images of the same content on the node
    const version = (number: number): string => `${number} of ${Date.now()}`;
    const label = `test.build=${randomBytes(8).toString('hex')}`;
    const folder = await createProject({
      Containerfile: `${lab.from}LABEL ${label}\nCOPY version /version\n`,
      version: version(1),
    });
    // other builds use the node, too
    const images = async (): Promise<string[]> => {
      const { stdout } = await runOnNode('amd-a', `podman images --all --quiet --no-trunc --filter label=${label}`);
      return stdout.trim().split('\n').filter(Boolean);
    };
    // a base image that was on the node before is not removed
    await runOnNode('amd-a', `podman pull --tls-verify=false ${lab.registry.address}/base:1`);
    const build = async (...options: string[]): Promise<void> => {
      const { outcome } = await person.build('-t', 'cached:1', '--node', 'amd-a', ...options, folder);
      expect(outcome.code, outcome.stderr).toBe(0);
    };

    await build();
    const first = await images();
    expect(first).not.toEqual([]);
    await writeFile(join(folder, 'version'), version(2));
    await build();
    const second = await images();
    expect(second.length).toBe(first.length);
    expect(second).not.toEqual(first);
    const format = '{{.Repository}}:{{.Tag}}';
    const { stdout: names } = await runOnNode('amd-a', `podman images --filter label=${label} --format "${format}"`);
    expect(names).not.toMatch(/barnraiser|cached/);

    await build('--keep');
    const kept = await runOnNode('amd-a', 'podman image exists localhost/cached:1');
    expect(kept.code).toBe(0);
    await runOnNode('amd-a', 'podman rmi localhost/cached:1');

    await writeFile(join(folder, 'version'), version(3));
    await build('--cleanup');
    expect(await images()).toEqual([]);
    expect((await runOnNode('amd-a', `podman image exists ${lab.registry.address}/base:1`)).code).toBe(0);
  });
});

describe('a build that fails', () => {
  test('reports the platform, the node, the step and the last lines, and the other platforms finish', async () => {
    const folder = await createProject({
      Containerfile: `${lab.from}RUN echo before; if [ $TARGETARCH = amd64 ]; then echo 'no such thing' >&2; exit 3; fi\n`,
    });
    const { code, stderr, stdout } = await person.barnraiser('build', '-t', 'failing:1', folder);
    expect(code).toBe(1);
    const output = stdout + stderr;
    expect(output).toMatch(/linux\/amd64/);
    expect(output).toMatch(/step 3 of 3/i);
    expect(output).toMatch(/no such thing/);
    const { build } = await person.build('-t', 'failing:1', folder);
    expect(build.status).toBe('failed');
    expect(build.list).toBeUndefined();
    expect(build.jobs.map(({ platform, status }) => [platform, status])).toEqual([
      ['linux/amd64', 'failed'],
      ['linux/arm64', 'done'],
    ]);
    expect(build.jobs[0]?.problem?.code).toBe('build.failed');
    expect(build.jobs[0]?.lastLines?.join('\n')).toMatch(/no such thing/);
    expect((await person.mustRun('images')).split('\n').some((line) => line.includes('failing'))).toBe(false);
  });

  test('reports a missing Containerfile before anything is sent', async () => {
    const folder = await createProject({ 'readme.md': 'nothing to build' });
    const { code, stderr } = await person.barnraiser('build', '-t', 'none:1', folder);
    expect(code).toBe(1);
    expect(stderr).toMatch(/no Containerfile or Dockerfile/);
    expect(stderr).toContain(folder);
  });

  test('reports what is wrong in a Containerfile before anything is sent', async () => {
    const folder = await createProject({ Containerfile: 'FROM scratch\nRUNN make\nCOPY gone /\n', '.env': '' });
    const { code, stderr } = await person.barnraiser('build', '-t', 'wrong:1', '--node', 'amd-a', folder);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /warning: \.env may contain secrets.*\n {2}To leave them out, add to \.containerignore.*: \.env/,
    );
    expect(stderr).toMatch(/error: Containerfile, line 2: RUNN is not an instruction\.\n {2}Did you mean RUN\?/);
    expect(stderr).toContain('error: Containerfile, line 3: gone is not in the context.');
    expect(await person.mustRun('builds')).not.toContain('wrong:1');
  });
});

describe('a cancelled build', () => {
  test.each(['arm-a'])('stops on %s and leaves no build container there', async (name) => {
    const folder = await createProject({ Containerfile: `${lab.from}RUN echo sleeping; sleep 4711\n` });
    const containers = async (): Promise<string> =>
      (await runOnNode(name, 'podman ps --all --external --quiet')).stdout;
    const before = await containers();
    const running = person.start('build', '-t', 'stopped:1', '--node', name, folder);
    await running.waitForLine((line) => line.includes('sleeping') && !line.includes('STEP') && !line.includes('RUN'));
    running.process.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    expect(code, stderr).toBe(130);
    expect(stdout).toContain(`[linux/${name.startsWith('arm') ? 'arm64' : 'amd64'} ${name}] cancelling…`);
    const { stdout: processes } = await runOnNode(name, "grep -l -a 'sleep.4711' /proc/[0-9]*/cmdline || true");
    const matches = processes.split('\n').filter((path) => path && !path.includes('self'));
    // grep's own command line also matches, but that process has ended
    const { stdout: survivors } = await runOnNode(
      name,
      `cat ${matches.join(' ')} /dev/null 2>/dev/null | tr '\\0' ' '`,
    );
    expect(survivors).not.toMatch(/sleep 4711/);
    expect(await containers()).toBe(before);
  });
});

describe('one platform of a build', () => {
  test('can be cancelled while it waits for a slot, and the other platforms finish', async () => {
    // the time keeps the step out of the cache that an earlier run has left on the nodes
    const folder = await createProject({ Containerfile: `${lab.from}RUN echo sleeping; sleep 5 # ${Date.now()}\n` });
    process.env.BARNRAISER_KNOWN_HOSTS = person.knownHosts;
    process.env.BARNRAISER_SSH_CONFIG = 'none';
    const app = await createApp({ frontEnd: 'terminal', home: person.home });
    try {
      const finished = new Promise<Build>((resolve) => {
        app.subscribe((event) => event.event === 'build.finished' && resolve(event.build));
      });
      await app.call('settings.update', { jobsPerNode: 1 });
      const platforms = ['linux/amd64', 'linux/386'];
      const request = { context: folder, reference: 'half:1', connections: ['amd-b'], platforms };
      const started = await app.call('builds.start', request);
      const id = started.ok ? started.value.id : expect.fail(started.problem.message);
      await app.call('builds.cancel', { id, platform: 'linux/386' });
      await expect.poll(async () => statusOf(app, id, 'linux/386')).toBe('cancelled');
      expect(await statusOf(app, id, 'linux/amd64')).not.toBe('cancelled');
      const build = await finished;
      expect(build.status).toBe('cancelled');
      expect(build.jobs.map(({ status }) => status).sort()).toEqual(['cancelled', 'done']);
    } finally {
      await app.call('settings.update', { jobsPerNode: 2 });
      await app.close();
    }
  });
});

async function statusOf(app: App, id: string, platform: string): Promise<string | undefined> {
  const result = await app.call('builds.get', { id });
  return result.ok ? result.value.jobs.find((job) => job.platform === platform)?.status : undefined;
}

describe('standard output with --json', () => {
  test('holds only events, one JSON object per line', async () => {
    const folder = await createProject({ Containerfile: `${lab.from}RUN echo hi\n` });
    const { outcome } = await person.build('-t', 'json:1', '--node', 'amd-a', folder);
    const events = outcome.stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    for (const event of events) {
      expect(event).toHaveProperty('event');
    }
    expect(events.some((event) => JSON.stringify(event).includes('"job.log"'))).toBe(true);
  });
});

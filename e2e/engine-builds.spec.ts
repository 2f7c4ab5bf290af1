/** What engines need for a build besides the context, and nodes that cannot build. */
import { randomInt } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeProject, Person, setUpLab } from './harness.ts';
import { mustRun } from './lab/command.ts';
import { runOnNode } from './lab/lab.ts';

const lab = await setUpLab();
const amdB = lab.node('amd-b');
const random = randomInt(1_000_000, 10_000_000);

let person: Person;
const projects: string[] = [];

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(lab.node('amd-a'), amdB);
});
afterAll(async () => {
  await person?.remove();
  await Promise.all(projects.map((project) => rm(project, { recursive: true, force: true })));
});

async function project(...lines: string[]): Promise<string> {
  const path = await makeProject({ Containerfile: `${lines.join('\n')}\n` });
  projects.push(path);
  return path;
}

test("docker's format keeps HEALTHCHECK, ONBUILD and SHELL from the node to a registry, and OCI is warned of", async () => {
  const reference = `format-${random}:1`;
  const context = await project(
    lab.from.trim(),
    'SHELL ["/bin/sh", "-ec"]',
    'HEALTHCHECK CMD true',
    `RUN echo ${random} > /built`,
    'ONBUILD RUN true',
  );
  const options = ['-t', reference, '--node', 'amd-a,amd-b', '--platform', 'linux/amd64'];
  const oci = await person.barnraiser('build', ...options, context);
  expect(oci.code, oci.stderr).toBe(0);
  expect(`${oci.stdout}${oci.stderr}`).toContain(
    'The OCI format has no HEALTHCHECK, so podman leaves it out of the image.',
  );
  expect(`${oci.stdout}${oci.stderr}`).toContain('--format docker');

  for (const node of ['amd-a', 'amd-b']) {
    const docker = await person.barnraiser('build', ...options, '--node', node, '--format', 'docker', context);
    expect(docker.code, docker.stderr).toBe(0);
    expect(`${docker.stdout}${docker.stderr}`).not.toContain('leaves it out');
    const destination = `${lab.registry.address}/format-${random}:${node}`;
    await person.mustRun('push', reference, destination, '--tls-verify=false');
    const inspect = ['skopeo', 'inspect', '--tls-verify=false'];
    expect(await mustRun([...inspect, '--raw', `docker://${destination}`])).toContain(
      'application/vnd.docker.distribution.manifest.list.v2+json',
    );
    const { config } = JSON.parse(await mustRun([...inspect, '--raw', '--config', `docker://${destination}`]));
    expect(config, node).toMatchObject({
      Healthcheck: { Test: ['CMD-SHELL', 'true'] },
      OnBuild: ['RUN true'],
      Shell: ['/bin/sh', '-ec'],
    });
  }
});

test.each([lab.node('amd-a'), amdB])(
  'what a killed build left on $name is ended and removed by the next build there',
  async ({ name }) => {
    const seconds = `${random}${name === 'amd-a' ? 1 : 2}`;
    const context = await project(lab.from.trim(), `RUN sleep ${seconds}`);
    const other = await project(lab.from.trim(), `RUN echo ${seconds} > /built`);
    const processes = async () => (await runOnNode(name, `pgrep -f '^sleep ${seconds}$'`)).stdout.trim();
    /** The files of the containers with the /dev/shm of a process. */
    const findContainers = async (pid: string) => {
      const { stdout: mounts } = await runOnNode(name, `cat /proc/${pid}/mountinfo`);
      const size = Number(/ \/dev\/shm .*size=(\d+)k/.exec(mounts)?.[1]) * 1024;
      const files = '/var/lib/containers/storage/*-containers/*/userdata/buildah.json';
      return (await runOnNode(name, `grep -lF '"ShmSize":"${size}"' ${files}`)).stdout.trim().split('\n');
    };
    const killed = person.start('build', '--json', '-t', `killed-${seconds}:1`, '--node', name, context);
    onTestFinished(() => void killed.process.kill('SIGKILL'));
    await expect.poll(processes, { timeout: 60_000 }).not.toBe('');
    const containers = await findContainers((await processes()).split('\n')[0] ?? '');
    expect(containers.filter((file) => file.endsWith('buildah.json'))).not.toEqual([]);
    killed.process.kill('SIGKILL');
    await killed.ended;

    const { outcome } = await person.build('-t', `next-${seconds}:1`, '--node', name, other);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(await processes()).toBe('');
    expect((await runOnNode(name, `ls ${containers.join(' ')}`)).stdout).toBe('');
    const images = await runOnNode(name, 'podman images --format "{{.Repository}}:{{.Tag}}"');
    expect(images.stdout).not.toContain(`killed-${seconds}`);
    expect((await readdir(join(person.home, 'node-work'))).filter((file) => file.endsWith('.job.json'))).toEqual([]);
  },
);

describe('a node whose runtime cannot start containers', () => {
  const socket = `/tmp/broken-${random}.sock`;
  const runtime = `/tmp/broken-${random}`;

  beforeAll(async () => {
    const program = `#!/bin/sh\ncase " $* " in *" create "*) echo "cgroups in hybrid mode not supported" >&2; exit 1;; esac\n`;
    await runOnNode('amd-b', `cat > ${runtime} && chmod +x ${runtime}`, { input: program });
    const service = `timeout 300 podman --runtime ${runtime} system service --time=0 unix://${socket}`;
    await runOnNode('amd-b', `nohup ${service} >/dev/null 2>&1 & while [ ! -S ${socket} ]; do sleep 0.1; done`);
    await person.mustRun(
      ...['connection', 'add', 'broken', amdB.uri.replace(/\/run\/.*$/, socket), '--identity', amdB.identity],
      '--accept-new-host-keys',
    );
  });
  afterAll(async () => {
    await runOnNode('amd-b', `pkill -f '^podman --runtime ${runtime} '; rm -f ${runtime} ${socket}`);
  });

  test('is named with what it lacks, and another node takes its job', async () => {
    const context = await project(lab.from.trim(), `RUN echo broken ${random} > /built`);
    const alone = await person.build('-t', 'broken:1', '--node', 'broken', context);
    expect(alone.build.jobs[0]?.problem).toMatchObject({
      code: 'engine.runtime',
      message: 'Node broken cannot start containers: its container runtime does not work with its cgroups.',
    });
    const pin = ['--pin', 'linux/amd64=broken'];
    const both = await person.build(
      '-t',
      'broken:1',
      '--node',
      'broken,amd-a',
      '--platform',
      'linux/amd64',
      ...pin,
      context,
    );
    expect(both.outcome.code, both.outcome.stderr).toBe(0);
    expect(both.build.jobs[0]).toMatchObject({
      node: 'amd-a',
      lost: [{ node: 'broken', problem: { code: 'engine.runtime' } }],
    });
  });
});

test('builds of one project at once with other arguments do not remove the layers of each other', async () => {
  const context = await project(
    lab.from.trim(),
    'ARG NUMBER',
    `RUN echo shared ${random} > /shared`,
    'RUN echo $NUMBER > /own && sleep 0.$NUMBER',
    'RUN cat /own',
  );
  await person.mustRun('build', '-t', `many-${random}:0`, '--node', 'amd-a', '--build-arg', 'NUMBER=0', context);
  const outcomes = await Promise.all(
    Array.from({ length: 5 }, (_, index) =>
      person.barnraiser(
        ...[
          'build',
          '-t',
          `many-${random}:${index + 1}`,
          '--node',
          'amd-a',
          '--build-arg',
          `NUMBER=${index + 1}`,
          context,
        ],
      ),
    ),
  );
  for (const { code, stderr, stdout } of outcomes) {
    expect(code, stderr).toBe(0);
    expect(`${stdout}${stderr}`).not.toMatch(/layer not known|Could not clean up/);
  }
});

/** Builds and checks on real nodes with docker. */

import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../electron/app.ts';
import { projectId } from '../electron/builds/project-memory.ts';
import { makeProject, Person, parseCheckReport, setUpLab } from './harness.ts';
import { type ExtraSshd, runOnNode, startExtraSshd } from './lab/lab.ts';

const lab = await setUpLab();
const nodes = [lab.node('docker-a'), lab.node('docker-arm'), lab.node('amd-b')];
let person: Person;
const projects: string[] = [];
const sshds: ExtraSshd[] = [];

async function createProject(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = await makeProject(files);
  projects.push(folder);
  return folder;
}

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(...nodes);
});
afterAll(async () => {
  await person.remove();
  await Promise.all(sshds.map((sshd) => sshd.stop()));
  await Promise.all(projects.map((folder) => rm(folder, { recursive: true })));
});

async function shell(node: string, command: string): Promise<string> {
  const { stdout } = await runOnNode(node, command);
  return stdout.trim();
}

const listImages = (node: string) => shell(node, 'docker images --all --format "{{.Repository}}:{{.Tag}}"');

/** The temporary names that builds of a project have on a node. Other builds use the node, too. */
async function temporaryNames(node: string, folder: string): Promise<string[]> {
  const id = projectId({ context: folder, containerfile: join(folder, 'Containerfile') });
  return (await listImages(node)).split('\n').filter((name) => name.includes(`/barnraiser/${id}:`));
}

/** The descriptions of the records in BuildKit's cache. */
async function listCache(node: string): Promise<string[]> {
  const usage = await shell(node, 'docker system df --verbose --format "{{json .BuildCache}}"');
  const records: { Description: string }[] = JSON.parse(usage) ?? [];
  return records.map(({ Description }) => Description);
}

describe('a build on docker', () => {
  test('builds natively for two architectures with the steps of the Containerfile, and the image runs on each node', async () => {
    const folder = await createProject({
      Containerfile: `${lab.from}AS tools
RUN echo tools; head -c 1000 /dev/urandom > /tool
${lab.from}LABEL made=here
RUN echo "made for $TARGETARCH ${randomBytes(4).toString('hex')}"; uname -m > /arch
COPY --from=tools /tool /tool
CMD ["cat", "/arch"]
`.replace(/\nARG TARGETARCH\nAS tools/, ' AS tools'),
    });
    const { outcome, build } = await person.build(
      ...['-t', 'both:1', '--node', 'docker-a', '--node', 'docker-arm', folder],
    );
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(build.jobs).toMatchObject([
      { platform: 'linux/amd64', node: 'docker-a', mode: 'native', status: 'done', transfer: 'push' },
      { platform: 'linux/arm64', node: 'docker-arm', mode: 'native', status: 'done', transfer: 'push' },
    ]);
    for (const { steps } of build.jobs) {
      const positions = steps.map(
        ({ stage, index, total, name }) => `${index}/${total} ${stage} ${name.split(' ')[0]}`,
      );
      expect(positions.sort()).toEqual([
        ...['1/8 tools FROM', '2/8 tools RUN'],
        ...['3/8 stage 2 FROM', '4/8 stage 2 ARG', '5/8 stage 2 LABEL'],
        ...['6/8 stage 2 RUN', '7/8 stage 2 COPY', '8/8 stage 2 CMD'],
      ]);
      expect(steps.every(({ durationMs }) => durationMs !== undefined)).toBe(true);
    }
    expect(await temporaryNames('docker-a', folder)).toEqual([]);
    expect(await listImages('docker-a')).not.toMatch(/^both:/m);
    const log = await person.mustRun('logs', build.id, 'linux/arm64');
    expect(log).toContain('made for arm64');

    const destination = `${lab.registry.address}/spec/docker:1`;
    await person.mustRun('push', 'both:1', destination, '--tls-verify=false');
    expect(await shell('docker-a', `docker run --rm --quiet --pull=always ${destination}`)).toBe('x86_64');
    expect(await shell('docker-arm', `docker run --rm --quiet --pull=always ${destination}`)).toBe('aarch64');
    const podman = 'podman run --rm --pull=always --tls-verify=false --network=host';
    expect(await shell('amd-b', `${podman} ${destination}`)).toBe('x86_64');
  });

  test('keeps the tagged image or nothing on the node, as chosen', async () => {
    const folder = await createProject({ Containerfile: `${lab.from}COPY version /version\n`, version: '1' });
    const build = async (...options: string[]): Promise<void> => {
      const { outcome } = await person.build('-t', 'left:1', '--node', 'docker-a', ...options, folder);
      expect(outcome.code, outcome.stderr).toBe(0);
    };
    await build('--keep');
    expect(await listImages('docker-a')).toContain('left:1');
    await shell('docker-a', 'docker rmi left:1');

    const before = (await listCache('docker-a')).sort();
    await writeFile(join(folder, 'version'), randomBytes(8).toString('hex'));
    await build('--cleanup');
    expect((await listCache('docker-a')).sort()).toEqual(before);
    expect(await temporaryNames('docker-a', folder)).toEqual([]);
    expect(await listImages('docker-a')).not.toMatch(/^left:/m);
  });

  test('can be pruned from the cache', async () => {
    const folder = await createProject({ Containerfile: `${lab.from}RUN head -c 5000000 /dev/urandom > /x\n` });
    const { outcome } = await person.build('-t', 'space:1', '--node', 'docker-a', folder);
    expect(outcome.code, outcome.stderr).toBe(0);
    await person.mustRun('farm', 'create', 'dockers', 'docker-a');
    const [result]: { reclaimedBytes: number }[] = JSON.parse(
      await person.mustRun('prune', 'dockers', '--yes', '--json'),
    );
    expect(result?.reclaimedBytes).toBeGreaterThan(5_000_000);
    expect(await listCache('docker-a')).toEqual([]);
  });
});

describe('a failed build on docker reports', () => {
  test.each([
    {
      what: 'a failed step',
      file: `${lab.from}ENV A=b\nRUN echo before; exit 3\n`,
      message: 'step 4 of 4 (Containerfile:4) failed: RUN echo before; exit 3 (exit status 3).',
    },
    {
      what: 'an unknown command',
      file: `${lab.from}RUN no-such-command\n`,
      message: 'step 3 of 3 (Containerfile:3) failed: RUN no-such-command (exit status 127, command not found).',
    },
    {
      what: 'a file that is not in the context',
      // what leads out of the context is not looked for before the build
      file: `${lab.from}COPY ../missing.txt /x\n`,
      message:
        'step 3 of 3 (Containerfile:3) failed: COPY ../missing.txt /x ("missing.txt" is not in the context, stage or image that it copies from).',
    },
    {
      what: 'a registry that cannot be reached',
      file: 'FROM no-such-host.invalid/x:1\nRUN true\n',
      message: 'cannot get the base image no-such-host.invalid/x:1: the node cannot reach the registry.',
    },
    {
      what: 'an unknown instruction',
      // in a stage that podman would not build, so that it is sent
      file: `${lab.from}FETCH everything\nFROM scratch\nLABEL a=b\n`,
      message: 'docker cannot use Containerfile: "FETCH" in line 3 is not an instruction.',
      line: 3,
    },
  ])('$what', async ({ file, message, line }) => {
    const folder = await createProject({ Containerfile: file });
    const { outcome, build } = await person.build('-t', 'bad:1', '--node', 'docker-a', folder);
    expect(outcome.code).toBe(1);
    expect(build.jobs[0]?.problem?.message).toBe(`Node docker-a: ${message}`);
    // no step has failed, but docker says in which line it stopped to read
    expect(line === undefined || build.jobs[0]?.problem?.source?.firstLine === line).toBe(true);
    expect(build.jobs[0]?.steps.filter(({ error }) => error !== undefined).map(({ name }) => name)).toEqual(
      message.includes('failed:') ? [file.trim().split('\n').at(-1)] : [],
    );
  });

  test('a pull policy that docker does not support: a node that supports it gets the job; without one the build is refused', async () => {
    const folder = await createProject({ Containerfile: 'FROM scratch\nCOPY . /\n' });
    const options = ['-t', 'local:1', '--platform', 'linux/amd64', '--pull', 'never'];
    const { build } = await person.build(...options, '--node', 'docker-a', '--node', 'amd-b', folder);
    expect(build.jobs).toMatchObject([{ node: 'amd-b', status: 'done' }]);
    expect(build.schedule.leftOut).toMatchObject([{ node: 'docker-a', problem: { code: 'engine.unsupported' } }]);
    const refused = await person.barnraiser('build', ...options, '--node', 'docker-a', folder);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('Node docker-a does not support the pull policy "never"');
  });
});

describe('the step of a build on docker ends', () => {
  const running = (node: string, seconds: string) => shell(node, `pgrep --exact --full "sleep ${seconds}"`);

  test('when the build is cancelled, on an emulated node', async () => {
    const node = 'docker-arm';
    const seconds = `47${randomBytes(2).readUInt16BE()}`;
    const folder = await createProject({ Containerfile: `${lab.from}RUN echo sleeping; exec sleep ${seconds}\n` });
    const build = person.start('build', '-t', 'sleeping:1', '--node', node, folder);
    await build.waitForLine((line) => line.endsWith(' sleeping'));
    build.process.kill('SIGINT');
    const { code, stderr } = await build.ended;
    expect(code, stderr).toBe(130);
    expect(await running(node, seconds)).toBe('');
    expect(await temporaryNames(node, folder)).toEqual([]);
    expect(await listImages(node)).not.toMatch(/^sleeping:/m);
  });

  test('when Barnraiser is killed', async () => {
    const seconds = `48${randomBytes(2).readUInt16BE()}`;
    const folder = await createProject({ Containerfile: `${lab.from}RUN echo sleeping; exec sleep ${seconds}\n` });
    const build = person.start('build', '-t', 'sleeping:1', '--node', 'docker-a', folder);
    await build.waitForLine((line) => line.endsWith(' sleeping'));
    build.process.kill('SIGKILL');
    await build.ended;
    await expect.poll(() => running('docker-a', seconds)).toBe('');
  });
});

describe('a docker node', () => {
  test('passes every stage of the check', async () => {
    const { status, steps } = parseCheckReport(await person.barnraiser('connection', 'test', 'docker-a', '--json'));
    expect(status).toBe('passed');
    expect(steps.filter(({ state }) => state !== 'passed')).toEqual([]);
    expect(steps.find(({ stage }) => stage === 'engine')?.finding).toMatch(/^docker 26\./);
  });

  test('whose SSH server does not allow forwarding is reached through a command, and exports its image', async () => {
    const sshd = await startExtraSshd('docker-a', { config: ['AllowTcpForwarding no'] });
    sshds.push(sshd);
    const uri = `ssh://root@127.0.0.1:${sshd.port}${lab.node('docker-a').socket}`;
    await person.addConnections({ ...lab.node('docker-a'), name: 'closed', uri });
    const folder = await createProject({ Containerfile: `${lab.from}RUN echo hello > /hello\n` });
    const { outcome, build } = await person.build('-t', 'exported:1', '--node', 'closed', folder);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(build.jobs[0]).toMatchObject({ status: 'done', transfer: 'export' });
  });

  test('is detected if the connection has no socket path', async () => {
    const { port } = lab.node('docker-a');
    await person.addConnections({ ...lab.node('docker-a'), name: 'detected', uri: `ssh://root@127.0.0.1:${port}` });
    process.env.BARNRAISER_KNOWN_HOSTS = person.knownHosts;
    process.env.BARNRAISER_SSH_CONFIG = 'none';
    const app = await createApp({ frontEnd: 'terminal', home: person.home });
    try {
      expect(await app.call('nodes.probe', { connections: ['detected'] })).toMatchObject({
        value: [{ state: 'up', node: { engine: 'docker', platform: 'linux/amd64' } }],
      });
    } finally {
      await app.close();
    }
  });
});

/** Connections that fail, and farms with nodes that are down. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makeProject, Person, setUpLab } from './harness.ts';
import { mustRun } from './lab/command.ts';
import { runOnNode, startExtraSshd, startNode, stopNode } from './lab/lab.ts';

const lab = await setUpLab();
const amdA = lab.node('amd-a');
const amdB = lab.node('amd-b');
const armA = lab.node('arm-a');

let person: Person;
let folder: string;

beforeAll(async () => {
  folder = await makeProject({ Containerfile: `${lab.from}RUN echo hi > /hi\n` });
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  person = await Person.create();
});
afterEach(() => person.remove());

describe('a connection check reports', () => {
  test('an unreachable node', async () => {
    await person.barnraiser('connection', 'add', 'unreachable', 'ssh://root@127.0.0.1:1', '--no-test');
    const { code, stdout, stderr } = await person.barnraiser('connection', 'test', 'unreachable');
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/unreachable/);
    expect(stdout + stderr).toMatch(/127\.0\.0\.1.*1.*refused/i);
  });

  test('an unknown host key with its fingerprint, and an option accepts the key', async () => {
    const add = ['connection', 'add', amdA.name, amdA.uri, '--identity', amdA.identity];
    const added = await person.barnraiser(...add, '--no-test');
    expect(added.code, added.stderr).toBe(0);
    const { code, stdout, stderr } = await person.barnraiser('connection', 'test', amdA.name);
    expect(code).toBe(1);
    const output = stdout + stderr;
    const fingerprint = (await mustRun(['ssh-keygen', '-l', '-f', amdA.knownHosts])).split(' ')[1] ?? '';
    expect(fingerprint).toMatch(/^SHA256:/);
    expect(output).toContain(fingerprint);
    expect(output).toContain('--accept-new-host-keys');

    await person.mustRun('connection', 'test', amdA.name, '--accept-new-host-keys');
    const saved = await mustRun(['ssh-keygen', '-F', `[127.0.0.1]:${amdA.port}`, '-f', person.knownHosts]);
    expect(saved).toContain('ssh-ed25519');
    await person.mustRun('connection', 'test', amdA.name);
  });

  test('a changed host key, also with the option that accepts new keys', async () => {
    await writeFile(person.knownHosts, '');
    await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(person.home, 'other')]);
    const other = (await readFile(join(person.home, 'other.pub'), 'utf8')).split(' ').slice(0, 2).join(' ');
    await writeFile(person.knownHosts, `[127.0.0.1]:${amdA.port} ${other}\n`);
    await person.barnraiser('connection', 'add', amdA.name, amdA.uri, '--identity', amdA.identity, '--no-test');
    const { code, stdout, stderr } = await person.barnraiser('connection', 'test', amdA.name, '--accept-new-host-keys');
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/the recorded key is/);
    expect(stdout + stderr).toContain(person.knownHosts);
    expect(await readFile(person.knownHosts, 'utf8')).toBe(`[127.0.0.1]:${amdA.port} ${other}\n`);
  });

  test('a private key that the node refuses', async () => {
    const identity = join(person.home, 'refused');
    await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', identity]);
    await person.barnraiser('connection', 'add', 'locked', amdA.uri, '--identity', identity, '--no-test');
    const { code, stdout, stderr } = await person.barnraiser('connection', 'test', 'locked', '--accept-new-host-keys');
    expect(code).toBe(1);
    expect(stdout + stderr).toContain(identity);
    expect(stdout + stderr).toMatch(/root/);
  });

  test('a private key file that does not exist', async () => {
    const identity = join(person.home, 'missing');
    await person.barnraiser('connection', 'add', 'keyless', amdA.uri, '--identity', identity, '--no-test');
    const { code, stdout, stderr } = await person.barnraiser('connection', 'test', 'keyless', '--accept-new-host-keys');
    expect(code).toBe(1);
    expect(stdout + stderr).toContain(identity);
  });

  test('a node without the socket', async () => {
    const uri = amdA.uri.replace(amdA.socket, '/run/nothing.sock');
    await person.barnraiser('connection', 'add', 'socketless', uri, '--identity', amdA.identity, '--no-test');
    const { code, stdout, stderr } = await person.barnraiser(
      'connection',
      'test',
      'socketless',
      '--accept-new-host-keys',
    );
    expect(code).toBe(1);
    expect(stdout + stderr).toContain('/run/nothing.sock');
    expect(stdout + stderr).toContain('podman.socket');
  });

  test('a node that is up for a URI without a socket path', async () => {
    const uri = amdA.uri.replace(amdA.socket, '');
    await person.mustRun('connection', 'add', 'pathless', uri, '--identity', amdA.identity, '--accept-new-host-keys');
    const status = await person.mustRun('status');
    expect(status).toMatch(/pathless +up .*amd64/);
  });
});

describe('a farm with a node that is down', () => {
  test('builds without it and reports that', async () => {
    await person.addConnections(amdA, amdB, armA);
    await person.mustRun('farm', 'create', 'all', 'amd-a', 'amd-b', 'arm-a', '--default');
    await stopNode('amd-a');
    try {
      const { code, stdout, stderr } = await person.barnraiser('build', '-t', 'one-down:1', folder);
      expect(code, stderr).toBe(0);
      expect(stdout + stderr).toMatch(/amd-a/);
      const { build } = await person.build('-t', 'one-down:1', folder);
      expect(build.status).toBe('done');
      expect(build.schedule.leftOut.map(({ node }) => node)).toEqual(['amd-a']);
      expect(build.jobs.map(({ node }) => node)).toEqual(['amd-b', 'arm-a']);
    } finally {
      await startNode('amd-a');
    }
  });

  test('moves a build to another node when its node dies', async () => {
    await person.addConnections(amdA, amdB);
    // the time keeps the step out of the cache that an earlier run has left on the nodes
    const slow = await makeProject({ Containerfile: `${lab.from}RUN echo waiting; sleep 6 # ${Date.now()}\n` });
    try {
      const running = person.start('build', '--json', '-t', 'moved:1', '--platform', 'linux/amd64', slow);
      const line = await running.waitForLine((text) => text.includes('"job.log"') && text.includes('"waiting"'));
      const { node }: { node: string } = JSON.parse(line);
      await stopNode(node);
      try {
        const { code, stdout, stderr } = await running.ended;
        expect(code, stderr).toBe(0);
        const { build } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
        expect(build.jobs[0].lost.map((lost: { node: string }) => lost.node)).toEqual([node]);
        expect(build.jobs[0].node).toBe(node === 'amd-a' ? 'amd-b' : 'amd-a');
      } finally {
        await startNode(node);
        // a node that was killed keeps the container of its build
        await runOnNode(node, 'podman ps --all --external --quiet | xargs --no-run-if-empty podman rm --force');
      }
    } finally {
      await rm(slow, { recursive: true });
    }
  });

  test('reports a platform that none of its nodes can build', async () => {
    await person.addConnections(amdA);
    const { code, stderr } = await person.barnraiser('build', '-t', 'x:1', '--platform', 'linux/mips64le', folder);
    expect(code).toBe(1);
    expect(stderr).toMatch(/linux\/mips64le/);
    expect(stderr).toMatch(/amd-a/);
  });
});

describe('a node whose SSH server does not allow reverse port forwarding', () => {
  test('exports its image', async () => {
    const sshd = await startExtraSshd('amd-b', { config: ['AllowTcpForwarding no'] });
    try {
      const uri = `ssh://root@127.0.0.1:${sshd.port}${amdB.socket}`;
      await person.mustRun('connection', 'add', 'strict', uri, '--identity', amdB.identity, '--accept-new-host-keys');
      const { outcome, build } = await person.build('-t', 'exported:1', '--node', 'strict', folder);
      expect(outcome.code, outcome.stderr).toBe(0);
      expect(build.jobs[0]).toMatchObject({ status: 'done', transfer: 'export', platform: 'linux/amd64' });
      expect(build.list?.entries).toHaveLength(1);
      const docker = await person.build('-t', 'exported:2', '--node', 'strict', '--format', 'docker', folder);
      expect(docker.outcome.code, docker.outcome.stderr).toBe(0);
      expect(docker.build.jobs[0]).toMatchObject({ status: 'done', transfer: 'export' });
      expect(docker.build.list?.mediaType).toBe('application/vnd.docker.distribution.manifest.list.v2+json');
    } finally {
      await sshd.stop();
    }
  });
});

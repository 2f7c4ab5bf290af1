/** Builds with docker's classic builder: on a node where BuildKit is off, and on an older and a newer docker where the lab runs them. */
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { projectId } from '../electron/builds/project-memory.ts';
import { makeProject, Person, setUpLab } from './harness.ts';
import { runOnNode, startExtraSshd } from './lab/lab.ts';
import { startAuthRegistry } from './lab/registries.ts';

const lab = await setUpLab();
/** Dockers that have BuildKit are asked for the classic builder as by their own client. */
const choices: Readonly<Record<string, Record<string, string>>> = {
  'docker-classic': {},
  'docker-old': { DOCKER_BUILDKIT: '0' },
  'docker-new': { DOCKER_BUILDKIT: '0' },
};
const nodes = [...lab.nodes, ...lab.onDemand].flatMap((node) => {
  const env = choices[node.name];
  return env && node.status === 'up' ? [{ ...node, env }] : [];
});
const mark = randomBytes(4).toString('hex');

describe.each(nodes)('the classic builder on $name', ({ env, ...node }) => {
  let person: Person;

  beforeAll(async () => {
    person = await Person.create(env);
    await person.addConnections(node);
  });
  afterAll(async () => person?.remove());

  const shell = async (command: string): Promise<string> => (await runOnNode(node.name, command)).stdout.trim();
  const listContainers = () => shell('docker ps --all --format "{{.ID}} {{.Command}}"');

  async function createProject(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = await makeProject(files);
    onTestFinished(() => rm(folder, { recursive: true }));
    return folder;
  }

  const build = (folder: string, ...args: string[]) =>
    person.build('-t', `classic-${mark}:1`, '--node', node.name, ...args, folder);

  test('builds all steps, uses its cache, and skips a job in which nothing has changed', async () => {
    const folder = await createProject({
      Containerfile: [
        `ARG TAG=1`,
        `FROM --platform=$BUILDPLATFORM ${lab.registry.address}/base:$TAG AS tools`,
        `RUN echo ${mark}; echo to-stderr >&2; echo tool > /tool`,
        `FROM ${lab.registry.address}/base:$TAG`,
        `ARG TARGETARCH`,
        `ARG NAME`,
        `COPY . /context/`,
        `RUN echo for $TARGETARCH: $NAME ${mark}; ls -A /context`,
        `COPY --from=tools /tool /tool`,
        `CMD ["cat", "/context/file"]\n`,
      ].join('\n'),
      file: `one ${mark}`,
      ignored: 'ignored',
      '.dockerignore': 'ignored\n.dockerignore\nContainerfile\n',
    });
    const options = ['--build-arg', 'NAME=me', '--label', `made=${mark}`];
    const first = await build(folder, ...options);
    expect(first.outcome.code, first.outcome.stderr).toBe(0);
    const [job] = first.build.jobs;
    expect(job).toMatchObject({ status: 'done', transfer: 'push' });
    const positions = job?.steps.map(
      ({ index, total, stage, name, line }) => `${index}/${total} ${stage} ${line} ${name.split(' ')[0]}`,
    );
    expect(positions).toEqual(
      [
        ...['1/9 tools 2 FROM', '2/9 tools 3 RUN'],
        ...['3/9 stage 2 4 FROM', '4/9 stage 2 5 ARG', '5/9 stage 2 6 ARG', '6/9 stage 2 7 COPY', '7/9 stage 2 8 RUN'],
        ...['8/9 stage 2 9 COPY', '9/9 stage 2 10 CMD', '10/10 stage 2 undefined LABEL'],
      ].map((text) => text.replace('/9', '/10')),
    );
    const log = await person.mustRun('logs', first.build.id);
    expect(log).toContain(`for amd64: me ${mark}`);
    expect(log).toMatch(/\bfile$/m);
    expect(log).not.toMatch(/\.barnraiser|\bignored$|\bContainerfile$|\.dockerignore$/m);

    const second = await build(folder, ...options);
    expect(second.build.jobs).toMatchObject([{ skipped: true }]);
    const third = await build(folder, ...options, '--no-skip');
    const cached = third.build.jobs[0]?.steps.filter(({ name }) => !name.startsWith('FROM')).map((step) => step.cached);
    expect(cached).toEqual(Array(8).fill(true));
    expect(third.build.list?.digest).toBe(first.build.list?.digest);

    await writeFile(join(folder, 'file'), `two ${mark}`);
    const fourth = await build(folder, ...options);
    const changed = fourth.build.jobs[0]?.steps.filter((step) => !step.cached && !step.name.startsWith('FROM'));
    expect(changed?.map(({ name }) => name.split(' ')[0])).toEqual(['COPY', 'RUN', 'COPY', 'CMD', 'LABEL']);

    // the newest image stays under a name of its own as the cache, and no image that only the one before it needed
    const id = projectId({ context: folder, containerfile: join(folder, 'Containerfile') });
    const names = await shell(`docker images --format "{{.Repository}}:{{.Tag}}" localhost/barnraiser/${id}`);
    expect(names).toBe(`localhost/barnraiser/${id}:cache-linux-amd64`);
    const kept = async () => shell(`docker images --all --quiet --filter label=made=${mark}`);
    expect((await kept()).split('\n')).toHaveLength(1);
    await build(folder, ...options, '--cleanup', '--no-skip');
    expect(await kept()).toBe('');
  });

  test.each([
    {
      what: 'a failed step',
      file: `${lab.from}ENV A=b\nRUN echo before ${mark}; exit 3\n`,
      message: `step 4 of 4 (Containerfile:4) failed: RUN echo before ${mark}; exit 3 (exit status 3).`,
    },
    {
      what: 'a file that is not in the stage',
      file: `${lab.from}FROM scratch\nCOPY --from=0 /missing.txt /x\n`,
      message:
        'step 4 of 4 (stage 2, Containerfile:4) failed: COPY --from=0 /missing.txt /x ("missing.txt" is not in the context, stage or image that it copies from).',
    },
    {
      what: 'a base image that does not exist',
      file: `ARG NAME=no/such\nFROM ${lab.registry.address}/$NAME:1\nRUN true\n`,
      message: `cannot get the base image ${lab.registry.address}/no/such:1: the registry does not have it.`,
    },
    {
      what: 'RUN --mount',
      file: `${lab.from}RUN --mount=type=cache,target=/c true\n`,
      message:
        /^line 3 of the Containerfile uses RUN --mount options, which need BuildKit\. docker on the node builds without it, because (?:BuildKit|DOCKER_BUILDKIT) is/,
    },
    {
      what: 'a here-document',
      file: `${lab.from}RUN <<EOF\necho hello\nEOF\n`,
      message: /^line 3 of the Containerfile uses here-documents \(<<EOF\), which need BuildKit\./,
    },
    {
      what: 'an unknown instruction',
      // in a stage that podman would not build, so that it is sent
      file: `${lab.from}FETCH everything\nFROM scratch\nLABEL a=b\n`,
      message: 'docker cannot use Containerfile: "FETCH" in line 3 is not an instruction.',
    },
  ])('$what is reported', async ({ file, message }) => {
    const folder = await createProject({ Containerfile: file });
    const { outcome, build: failed } = await build(folder);
    expect(outcome.code).toBe(1);
    const text = failed.jobs[0]?.problem?.message ?? '';
    expect(text.slice(0, `Node ${node.name}: `.length)).toBe(`Node ${node.name}: `);
    const rest = text.slice(`Node ${node.name}: `.length);
    typeof message === 'string' ? expect(rest).toBe(message) : expect(rest).toMatch(message);
    expect(await listContainers()).not.toContain(mark);
  });

  test('ends the program of a step when the build is cancelled, and leaves no container', async () => {
    const seconds = `49${randomBytes(2).readUInt16BE()}`;
    const folder = await createProject({ Containerfile: `${lab.from}RUN echo sleeping; exec sleep ${seconds}\n` });
    const running = person.start('build', '-t', 'sleeping:1', '--node', node.name, folder);
    await running.waitForLine((line) => line.endsWith(' sleeping'));
    expect(await shell(`pgrep --exact --full "sleep ${seconds}"`)).not.toBe('');
    running.process.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(130);
    await expect.poll(() => shell(`pgrep --exact --full "sleep ${seconds}"`)).toBe('');
    await expect.poll(listContainers).not.toContain(seconds);
  });

  // engines.spec.ts does it with a docker that has no BuildKit
  if (node.name !== 'docker-classic') {
    test('pulls a private base image with the login of this computer', async () => {
      const registry = await startAuthRegistry({ mode: 'basic' });
      onTestFinished(() => registry.stop());
      const folder = await createProject({
        'from/Containerfile': `FROM scratch\nCOPY Containerfile /${mark}\n`,
        Containerfile: `FROM ${registry.address}/private/base:1\nLABEL a=b\n`,
      });
      const from = await person.build('-t', `private-${mark}:1`, '--node', node.name, join(folder, 'from'));
      expect(from.outcome.code, from.outcome.stderr).toBe(0);
      const auth = Buffer.from(`${registry.username}:${registry.password}`).toString('base64');
      const loginFile = join(folder, 'auth.json');
      await writeFile(loginFile, JSON.stringify({ auths: { [registry.address]: { auth } } }));
      const login = { REGISTRY_AUTH_FILE: loginFile };
      const push = ['push', `private-${mark}:1`, `${registry.address}/private/base:1`, '--tls-verify=false'];
      const pushed = await person.startWith(login, ...push).ended;
      expect(pushed.code, pushed.stderr).toBe(0);

      const args = ['build', '-t', `on-private-${mark}:1`, '--node', node.name, '--pull', 'always', folder];
      const denied = await person.startWith({}, ...args).ended;
      expect(denied.stdout + denied.stderr).toContain(`cannot get the base image ${registry.address}/private/base:1`);
      const built = await person.startWith(login, ...args).ended;
      expect(built.code, built.stderr).toBe(0);
      expect(built.stdout + built.stderr).not.toContain(registry.password);
    });
  }

  test('builds for the platform that is asked for, and an image for another one is noticed', async () => {
    // older dockers build on whatever they have under a name
    const pull = `docker pull --quiet --platform linux/amd64 ${lab.registry.address}/base:1`;
    await shell(pull);
    const folder = await createProject({ Containerfile: `${lab.from}LABEL mark=${mark}\n` });
    const emulated = await build(folder, '--platform', 'linux/arm64');
    expect(emulated.outcome.code, emulated.outcome.stderr).toBe(0);
    expect(emulated.build.jobs).toMatchObject([{ platform: 'linux/arm64', mode: 'emulated', status: 'done' }]);

    await shell(pull);
    await writeFile(
      join(folder, 'Containerfile'),
      `FROM --platform=linux/amd64 ${lab.registry.address}/base:1\nLABEL a=${mark}\n`,
    );
    const wrong = await build(folder, '--platform', 'linux/arm64');
    expect(wrong.build.jobs[0]?.problem).toMatchObject({
      code: 'image.platform',
      message: `Node ${node.name}: docker's classic builder built the image for linux/amd64 instead of linux/arm64.`,
    });
  });

  test('exports its image if the SSH server does not allow forwarding', async () => {
    const sshd = await startExtraSshd(node.name, { config: ['AllowTcpForwarding no'] });
    onTestFinished(() => sshd.stop());
    const uri = `ssh://root@127.0.0.1:${sshd.port}${node.socket}`;
    await person.addConnections({ ...node, name: 'closed', uri });
    const folder = await createProject({ Containerfile: `${lab.from}RUN echo ${mark} > /x\nRUN echo ${mark} > /y\n` });
    const { outcome, build: built } = await person.build('-t', `exported-${mark}:1`, '--node', 'closed', folder);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(built.jobs).toMatchObject([{ status: 'done', transfer: 'export' }]);
    const destination = `${lab.registry.address}/spec/exported-${mark}:1`;
    await person.mustRun('push', `exported-${mark}:1`, destination, '--tls-verify=false');
    expect(await shell(`docker pull --quiet ${destination} >&2; docker run --rm ${destination} cat /x /y`)).toBe(
      `${mark}\n${mark}`,
    );
  });
});

test('a node without BuildKit says so before a build', async () => {
  const person = await Person.create();
  onTestFinished(() => person.remove());
  await person.addConnections(lab.node('docker-classic'));
  const status = await person.mustRun('status', '--json');
  expect(JSON.parse(status)).toMatchObject({
    status: {
      node: {
        builder: 'classic',
        capabilities: { notes: [expect.stringContaining('BuildKit is off in its configuration')] },
      },
    },
  });
});

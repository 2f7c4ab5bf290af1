/**
 * What only a BuildKit daemon does: the one that $BARNRAISER_BUILDKITD names (a URI or a socket), else the lab's, if it has one. What
 * all engines have in common is in engines.spec.ts.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { makeProject, Person, parseCheckReport, setUpLab } from './harness.ts';
import { busyboxFor } from './lab/base-image.ts';
import { mustRun } from './lab/command.ts';
import { startExtraSshd } from './lab/lab.ts';
import { type AuthRegistry, startAuthRegistry } from './lab/registries.ts';

const lab = await setUpLab();
const named = process.env.BARNRAISER_BUILDKITD;
const labNode = named ? undefined : lab.nodes.find(({ engine }) => engine === 'buildkit');
const uri = named?.startsWith('/') ? `unix://${named}` : (named ?? labNode?.uri);
/** Whether the daemon reaches registries on this machine. */
const isHere = labNode !== undefined || (uri?.startsWith('unix:') ?? false);

const unique = randomBytes(4).toString('hex');
/** Shell of RUN steps, without a registry. */
const scratch = 'FROM scratch\nCOPY --chmod=755 busybox /bin/sh\n';

let person: Person;
let folder: string;
let busybox: Buffer;
const projects: string[] = [];

describe.skipIf(uri === undefined)('a BuildKit daemon', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'barnraiser-buildkit-'));
    busybox = await readFile(await busyboxFor('amd64'));
    person = await Person.create({
      REGISTRY_AUTH_FILE: join(folder, 'auth.json'),
      DOCKER_CONFIG: join(folder, 'docker'),
    });
    await (labNode
      ? person.addConnections({ ...labNode, name: 'kit' })
      : person.mustRun('connection', 'add', 'kit', uri ?? '', '--accept-new-host-keys'));
  });
  afterAll(async () => {
    await person?.remove();
    await Promise.all([folder, ...projects].map((each) => rm(each, { recursive: true, force: true })));
  });

  async function project(
    containerfile: string,
    files: Readonly<Record<string, string | Buffer>> = {},
  ): Promise<string> {
    const path = await makeProject({ Containerfile: containerfile, busybox, ...files });
    projects.push(path);
    return path;
  }

  async function readNode(): Promise<{ buildCache: { size: number } }> {
    const lines = (await person.mustRun('status', '--json')).trim().split('\n');
    const statuses = lines.flatMap((line) => JSON.parse(line).status ?? []);
    return statuses.find(({ connection }) => connection === 'kit').node;
  }

  const build = (...args: string[]) => person.build('-t', `kit-${unique}:1`, '--node', 'kit', ...args);

  test('is found out to be one, with its platforms, and passes the connection check', async () => {
    const { status, steps } = parseCheckReport(await person.barnraiser('connection', 'test', 'kit', '--json'));
    expect(steps.filter(({ state }) => state === 'failed')).toEqual([]);
    expect(status).toBe('passed');
    expect(steps.find(({ stage }) => stage === 'engine')?.finding).toMatch(/^BuildKit \S+/);
    expect(await readNode()).toMatchObject({
      engine: 'buildkit',
      platform: 'linux/amd64',
      hostname: expect.any(String),
    });
  });

  test('builds with parallel stages, sends its image with the build, and then only what has changed', async () => {
    const context = await project(
      [
        'FROM scratch AS tools',
        'COPY --chmod=755 busybox /bin/sh',
        `RUN head -c 3000000 /dev/urandom > /tool; echo tool ${unique}`,
        'FROM scratch',
        'COPY --chmod=755 busybox /bin/sh',
        `RUN echo "made for $TARGETARCH ${unique}"`,
        'COPY --from=tools /tool /tool',
        'COPY small /small',
        'CMD ["/bin/sh", "-c", "cat /small"]',
        '',
      ].join('\n'),
      { small: 'one' },
    );
    const first = await build(context);
    expect(first.outcome.code, first.outcome.stderr).toBe(0);
    expect(first.build.jobs).toMatchObject([{ node: 'kit', mode: 'native', status: 'done', transfer: 'push' }]);
    const { steps = [], bytesReceived = 0 } = first.build.jobs[0] ?? {};
    expect(
      steps.map(({ stage, index, total, name }) => `${index}/${total} ${stage} ${name.split(' ')[0]}`).sort(),
    ).toEqual([
      ...['1/9 tools FROM', '2/9 tools COPY', '3/9 tools RUN'],
      ...['4/9 stage 2 FROM', '5/9 stage 2 COPY', '6/9 stage 2 RUN', '7/9 stage 2 COPY', '8/9 stage 2 COPY'],
      '9/9 stage 2 CMD',
    ]);
    expect(steps.every(({ durationMs, error }) => durationMs !== undefined && error === undefined)).toBe(true);
    expect(bytesReceived).toBeGreaterThan(3_000_000);
    expect(await person.mustRun('logs', first.build.id)).toContain(`tool ${unique}`);

    await writeFile(join(context, 'small'), 'two');
    const second = await build(context);
    expect(second.outcome.code, second.outcome.stderr).toBe(0);
    const [job] = second.build.jobs;
    expect(job?.steps.filter(({ cached }) => !cached).map(({ name }) => name)).toEqual([
      'COPY small /small',
      'CMD ["/bin/sh", "-c", "cat /small"]',
    ]);
    expect(job?.bytesSent).toBeLessThan(1_000);
    expect(job?.bytesReceived).toBeLessThan(100_000);

    // its base is no image of a registry, so that nothing but the cache decides
    const third = await build(context);
    expect(third.build.jobs).toMatchObject([{ status: 'done', skipped: true }]);
    expect(third.build.list?.digest).toBe(second.build.list?.digest);
    const fourth = await build('--no-skip', context);
    expect(fourth.build.list?.digest).toBe(second.build.list?.digest);
    expect(fourth.build.jobs[0]?.bytesReceived).toBeLessThan(10_000);
  });

  test.each([
    {
      what: 'a registry that cannot be reached',
      file: 'FROM no-such-host.invalid/x:1\nRUN true\n',
      message: 'cannot get the base image no-such-host.invalid/x:1: the node cannot reach the registry.',
    },
    {
      what: 'an unknown instruction',
      file: `${scratch}FETCH everything\nFROM scratch\nLABEL a=b\n`,
      message: 'BuildKit cannot use Containerfile: "FETCH" in line 3 is not an instruction.',
    },
  ])('reports $what', async ({ file, message }) => {
    const { outcome, build: failed } = await build(await project(file));
    expect(outcome.code).toBe(1);
    expect(failed.jobs[0]?.problem?.message).toBe(`Node kit: ${message}`);
  });

  test('ends the step of a build whose process is killed', async () => {
    const seconds = `46${randomBytes(2).readUInt16BE()}`;
    const lock = `RUN --mount=type=cache,id=${unique},sharing=locked,target=/lock`;
    const context = await project(`${scratch}${lock} echo sleeping; exec sleep ${seconds}\n`);
    const running = person.start('build', '-t', `killed-${unique}:1`, '--node', 'kit', context);
    onTestFinished(() => void running.process.kill('SIGKILL'));
    await running.waitForLine((line) => line.endsWith(' sleeping'));
    running.process.kill('SIGKILL');
    await running.ended;
    // a step that still ran would hold the lock
    const next = await build(await project(`${scratch}${lock} echo ${unique} > /free\n`));
    expect(next.outcome.code, next.outcome.stderr).toBe(0);
  });

  test('keeps nothing of a build with --cleanup, and refuses to keep its image with a tag', async () => {
    const context = await project(`${scratch}RUN echo ${unique} cleanup > /x\n`);
    const before = await readNode();
    const { outcome } = await build('--cleanup', context);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect((await readNode()).buildCache).toEqual(before.buildCache);

    const kept = await person.barnraiser('build', '-t', 'kept:1', '--node', 'kit', '--keep', context);
    expect(kept.code).toBe(1);
    expect(kept.stderr).toContain('BuildKit keeps no images');
  });

  test('is pruned', async () => {
    const { outcome } = await build(await project(`${scratch}RUN head -c 2000000 /dev/urandom > /x; echo ${unique}\n`));
    expect(outcome.code, outcome.stderr).toBe(0);
    await person.mustRun('farm', 'create', 'kits', 'kit');
    const [result]: { reclaimedBytes: number }[] = JSON.parse(await person.mustRun('prune', 'kits', '--yes', '--json'));
    expect(result?.reclaimedBytes).toBeGreaterThan(2_000_000);
  });

  test.skipIf(!labNode)('sends its image as an archive where its node forwards no port', async () => {
    const { name, identity, socket } = lab.node(labNode?.name ?? '');
    const sshd = await startExtraSshd(name, { config: ['AllowTcpForwarding local'] });
    onTestFinished(() => sshd.stop());
    await person.addConnections({
      ...lab.node(name),
      name: 'closed',
      uri: `ssh://root@127.0.0.1:${sshd.port}${socket}`,
      identity,
    });
    const context = await project(`${scratch}RUN head -c 1000000 /dev/urandom > /x; echo archive ${unique}\n`);
    const { outcome, build: built } = await person.build('-t', `archive-${unique}:1`, '--node', 'closed', context);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(built.jobs).toMatchObject([{ status: 'done', transfer: 'export' }]);
    expect(built.jobs[0]?.steps.filter(({ name: step }) => step.startsWith('RUN'))).toHaveLength(1);
    // the same image as by a push, of which the store has all layers
    const pushed = await person.build('-t', `archive-${unique}:2`, '--node', 'kit', '--no-skip', context);
    expect(pushed.build.list?.digest).toBe(built.list?.digest);
    expect(pushed.build.jobs[0]?.bytesReceived).toBeLessThan(10_000);
  });

  describe.skipIf(!isHere)('and registries that need a login', () => {
    let registry: AuthRegistry;

    beforeAll(async () => {
      registry = await startAuthRegistry({ mode: 'token' });
      const login = `${registry.username}:${registry.password}`;
      const copy = ['skopeo', 'copy', '--all', '--src-tls-verify=false', '--dest-tls-verify=false'];
      const [from, to] = [`docker://${lab.registry.address}/base:1`, `docker://${registry.address}/private/base:1`];
      await mustRun([...copy, '--dest-creds', login, from, to]);
    });
    afterAll(() => registry?.stop());

    test('pulls a private base image and pushes its image by itself, with the login of this computer', async () => {
      const context = await project(`FROM ${registry.address}/private/base:1\nRUN echo private ${unique} > /built\n`);
      const auth = Buffer.from(`${registry.username}:${registry.password}`).toString('base64');
      await writeFile(join(folder, 'auth.json'), JSON.stringify({ auths: { [registry.address]: { auth } } }));
      const destination = `${registry.address}/pushed/kit:1`;
      const direct = await build(`--push=${destination}`, '--direct', '--tls-verify=false', context);
      expect(direct.outcome.code, direct.outcome.stderr).toBe(0);
      expect(direct.build.jobs).toMatchObject([{ status: 'done', transfer: 'direct' }]);
      const login = ['--creds', `${registry.username}:${registry.password}`, '--tls-verify=false'];
      const list = JSON.parse(await mustRun(['skopeo', 'inspect', '--raw', ...login, `docker://${destination}`]));
      expect(list.manifests).toMatchObject([{ digest: direct.build.jobs[0]?.digest }]);
      expect(`${direct.outcome.stdout}${direct.outcome.stderr}`).not.toContain(registry.password);
    });
  });
});

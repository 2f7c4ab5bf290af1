/** Secrets and SSH agents reach the steps of a build on every engine, and stay nowhere. */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, Person, parseBuild, setUpLab } from './harness.ts';
import { mustRun } from './lab/command.ts';
import { runOnNode } from './lab/lab.ts';
import type { SecretsRequest } from './secrets/build-and-snapshot.ts';
import {
  buildAndSnapshot,
  findInFolder,
  findOnNode,
  findSecrets,
  markTime,
  processesOf,
  unmarkTime,
} from './secrets/search.ts';

const lab = await setUpLab();
const podmanNodes = ['amd-a', 'amd-b'];
const buildKitNodes = ['docker-a', 'buildkit-a'];
const nodes = [...podmanNodes, ...buildKitNodes];
const run = randomBytes(6).toString('hex');
const mark = `build-secrets-${run}`;
const value = (name: string): string => `${name}-${randomBytes(15).toString('hex')}`;

/** Where podman has secrets while it builds: what it was sent, and what it mounts. */
const podmanFiles =
  /^\/var\/tmp\/libpod_builder\d+\/|^\/var\/lib\/containers\/storage\/[a-z]+-containers\/\w+\/userdata\/secrets\//;

/** Where BuildKit has them: in memory. */
const buildKitFiles = /\/buildkit-secrets\d+\//;

let folder: string;
let person: Person;
const started: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-build-secrets-'));
  person = await Person.create();
  await person.addConnections(...nodes.map((name) => lab.node(name)), lab.node('docker-classic'));
});
afterAll(async () => {
  for (const child of started) {
    child.kill();
  }
  await Promise.all(nodes.map((node) => unmarkTime(node, mark)));
  await person?.remove();
  await rm(folder, { recursive: true, force: true });
});

/** Lets the step go on that waits with `wait`, and resolves when it runs. */
const wait = (name: string): string => `while [ ! -e /tmp/go ]; do sleep 0.1; done; rm /tmp/go; : ${name}-${run}`;
const findWaiting = (name: string): string =>
  `for folder in /proc/[0-9]*; do
    tr '\\0' '\\n' <$folder/cmdline 2>/dev/null | grep -q ': ${name}-${run}$' && [ -d $folder/root/tmp ] && echo $folder
  done`;
async function isWaiting(node: string, name: string): Promise<boolean> {
  return (await runOnNode(node, findWaiting(name))).stdout !== '';
}
async function letGo(node: string, name: string): Promise<void> {
  await runOnNode(node, `for folder in $(${findWaiting(name)}); do touch $folder/root/tmp/go; done`);
}

test('the search finds what is there: plain, in base64 and compressed, here and on nodes', async () => {
  const secrets = { first: value('first'), second: value('second') };
  const files = {
    plain: `x${secrets.first}x`,
    base64: Buffer.from(`user:${secrets.first}:x`).toString('base64'),
    gzip: gzipSync(`${'x'.repeat(100_000)}${secrets.second}`),
  };
  const planted = join(folder, 'planted');
  await mkdir(planted);
  await Promise.all(nodes.map((node) => markTime(node, mark)));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(planted, name), content);
    await runOnNode('docker-a', `mkdir -p /tmp/${mark} && base64 -d >/tmp/${mark}/${name}`, {
      input: Buffer.from(content).toString('base64'),
    });
  }
  expect((await findInFolder(planted, secrets)).found.sort()).toEqual([
    `${planted}/base64: first`,
    `${planted}/gzip: second`,
    `${planted}/plain: first`,
  ]);
  const found = await findOnNode('docker-a', mark, secrets);
  expect(found.sort()).toEqual(
    Object.keys(files)
      .map((name) => `/tmp/${mark}/${name}`)
      .sort(),
  );
  await runOnNode('docker-a', `rm -r /tmp/${mark}`);
});

describe('secrets from a file, from the environment and typed', () => {
  const secrets = { file: value('file'), env: value('env'), typed: value('typed') };

  test('reach steps on podman, docker and BuildKit, and are nowhere afterwards, not even in memory', async () => {
    const project = await makeProject({
      Containerfile: [
        `${lab.from}RUN --mount=type=secret,id=file --mount=type=secret,id=env --mount=type=secret,id=typed \\`,
        '  cd /run/secrets && cat file env typed | sha256sum && echo "printed: $(cat env)" && base64 -w 0 typed && \\',
        `  ${wait('all')}`,
        `RUN --mount=type=secret,id=other test ! -e /run/secrets/other # ${run}`,
        'COPY . /context',
        `RUN find /context /run/secrets -type f -size +0 | sed 's/^/THERE /' # ${run}`,
        '',
      ].join('\n'),
      '.hidden': 'x',
    });
    const files = Object.fromEntries(Object.keys(secrets).map((id) => [id, join(folder, id)]));
    for (const [id, content] of Object.entries(secrets)) {
      await writeFile(files[id] ?? '', content);
    }
    const home = join(folder, 'home');
    const temporary = join(folder, 'tmp');
    await mkdir(temporary);
    const request: SecretsRequest = {
      connections: nodes.map((name) => {
        const { uri, identity } = lab.node(name);
        return { name, uri, identity };
      }),
      secretFiles: {},
      context: project,
      builds: nodes.map((node) => ({ reference: `build-secrets:${node}`, connections: [node] })),
      secrets: [
        { id: 'file', source: { kind: 'file', path: files.file ?? '' } },
        { id: 'env', source: { kind: 'env', name: `NOT_SET_${run}` } },
        { id: 'typed', source: { kind: 'typed' } },
      ],
      valueFiles: { env: files.env ?? '', typed: files.typed ?? '' },
      eventsFile: join(folder, 'events'),
      snapshotFile: join(folder, 'heap.heapsnapshot'),
    };
    await writeFile(join(folder, 'request.json'), JSON.stringify(request));
    await Promise.all(nodes.map((node) => markTime(node, mark)));
    const { process: child, ended } = buildAndSnapshot(join(folder, 'request.json'), {
      BARNRAISER_HOME: home,
      BARNRAISER_KNOWN_HOSTS: join(folder, 'known_hosts'),
      TMPDIR: temporary,
    });
    started.push(child);
    const early = ended.then(({ printed }) => expect.fail(`it ended before its steps waited: ${printed}`));
    early.catch(() => undefined);
    for (const node of nodes) {
      await Promise.race([expect.poll(() => isWaiting(node, 'all'), { timeout: 60_000 }).toBe(true), early]);
    }
    // while the steps run
    for (const node of nodes) {
      const processes = await processesOf(node);
      expect(processes).toContain(`: all-${run}`);
      expect(Object.values(secrets).filter((secret) => processes.includes(secret))).toEqual([]);
    }
    for (const node of nodes) {
      const found = await findOnNode(node, mark, secrets);
      const isPodman = podmanNodes.includes(node);
      expect(found.filter((path) => !(isPodman ? podmanFiles : buildKitFiles).test(path))).toEqual([]);
      if (isPodman) {
        // it shows that the search searches
        expect(found).not.toEqual([]);
      } else if (found.length > 0) {
        const { stdout } = await runOnNode(node, `stat -f -c %T ${found.join(' ')} | sort -u`);
        expect(stdout.trim()).toBe('tmpfs');
      }
    }
    const whileBuilding = await Promise.all([findInFolder(home, secrets), findInFolder(temporary, secrets)]);
    expect(whileBuilding.flatMap(({ found }) => found)).toEqual([]);
    await Promise.all(nodes.map((node) => letGo(node, 'all')));

    const { code, printed } = await ended;
    expect(code, printed).toBe(0);
    const { statuses } = JSON.parse(printed.trim().split('\n').at(-1) ?? '');
    expect(statuses, printed).toEqual(Object.fromEntries(nodes.map((node) => [`build-secrets:${node}`, 'done'])));

    const events = await readFile(request.eventsFile, 'utf8');
    const sum = (await mustRun(['sh', '-c', `cat ${files.file} ${files.env} ${files.typed} | sha256sum`])).split(
      ' ',
    )[0];
    expect(events.split(`${sum}  -`).length - 1).toBe(nodes.length);
    expect(events.split('printed: ***').length - 1).toBe(nodes.length);
    const there = new Set([...events.matchAll(/THERE ([^"\\]+)/g)].map(([, path]) => path));
    there.delete(`/' # ${run}`);
    expect([...there].filter((path) => path?.startsWith('/context/')).sort()).toEqual([
      '/context/.hidden',
      '/context/Containerfile',
    ]);

    expect(await findSecrets(request.eventsFile, secrets)).toEqual([]);
    expect(Object.values(secrets).filter((secret) => printed.includes(secret))).toEqual([]);
    const inHome = await findInFolder(home, secrets);
    expect(inHome.files).toBeGreaterThan(20);
    expect(inHome.found).toEqual([]);
    expect((await findInFolder(temporary, secrets)).found).toEqual([]);
    // the search works: it finds a name that must be in the heap
    expect(await findSecrets(request.snapshotFile, { name: `build-secrets:${nodes[0]}` })).toEqual(['name']);
    expect(await findSecrets(request.snapshotFile, secrets)).toEqual([]);
    for (const node of nodes) {
      expect(await findOnNode(node, mark, secrets), node).toEqual([]);
    }
    await rm(project, { recursive: true });
  });

  test('are nowhere after a build that was cancelled, one whose process was killed, and one that failed', async () => {
    const step = `RUN --mount=type=secret,id=env cat /run/secrets/env && echo`;
    const waiting = await makeProject({ Containerfile: `${lab.from}${step} && ${wait('stop')}\n` });
    const failing = await makeProject({ Containerfile: `${lab.from}${step} ${run} && false\n` });
    await Promise.all(nodes.map((node) => markTime(node, mark)));
    const args = (node: string, project: string, reference: string): string[] => [
      ...['build', '--json', '-t', reference, '--node', node, '--secret', `id=env,env=TOKEN_${run}`, project],
    ];
    const env = { [`TOKEN_${run}`]: secrets.env };
    const cancelled = person.startWith(env, ...args('amd-a', waiting, 'cancelled:1'));
    const killed = person.startWith(env, ...args('amd-b', waiting, 'killed:1'));
    started.push(cancelled.process, killed.process);
    for (const node of podmanNodes) {
      await expect.poll(() => isWaiting(node, 'stop'), { timeout: 60_000 }).toBe(true);
    }
    cancelled.process.kill('SIGINT');
    killed.process.kill('SIGKILL');
    const failed = await Promise.all(
      buildKitNodes.map((node) => person.startWith(env, ...args(node, failing, `failed:${node}`)).ended),
    );
    expect((await cancelled.ended).code).toBe(130);
    await killed.ended;
    expect(failed.map((outcome) => parseBuild(outcome).jobs[0]?.lastLines?.includes(`***${run}`))).toEqual([
      true,
      true,
    ]);
    // the next build on a node cleans up after a killed process
    const { build } = await person.build('-t', 'next:1', '--node', 'amd-b', '--no-skip', await emptyProject());
    expect(build.status).toBe('done');
    for (const node of nodes) {
      await expect.poll(() => findOnNode(node, mark, secrets), { timeout: 30_000 }).toEqual([]);
    }
    expect((await findInFolder(person.home, secrets)).found).toEqual([]);
    await Promise.all([waiting, failing].map((project) => rm(project, { recursive: true })));
  });

  async function emptyProject(): Promise<string> {
    const project = join(folder, 'empty');
    await mkdir(project);
    await writeFile(join(project, 'Containerfile'), `${lab.from}COPY . /${run}\n`);
    return project;
  }

  test('are not sent to the classic builder, nor missing to any', async () => {
    const project = await makeProject({ Containerfile: 'FROM scratch\nCOPY . /\n' });
    const refused = async (node: string, ...options: string[]): Promise<string> => {
      const { code, stderr } = await person.barnraiser('build', '-t', 'refused:1', '--node', node, ...options, project);
      expect(code).toBe(1);
      return stderr;
    };
    expect(await refused('docker-classic', '--secret', `id=file,src=${join(project, 'Containerfile')}`)).toContain(
      "does not support secrets: docker's classic builder has no RUN --mount.",
    );
    expect(await refused('amd-b', '--ssh', `default=${join(folder, 'agent')}`)).toMatch(
      /identity file .* does not exist/,
    );
    expect(await refused('docker-a', '--secret', `id=x,env=NOT_SET_${run}`)).toContain(
      `The variable NOT_SET_${run} of the secret x is not set.`,
    );
    expect(await refused('docker-a', '--secret', 'id=x,src=/not/there')).toContain(
      '/not/there of the secret x does not exist',
    );
    await rm(project, { recursive: true });
  });
});

describe('SSH agents', () => {
  test("steps sign with a person's agent and with key files, which they do not get", async () => {
    const [inAgent, inFile] = [join(folder, 'agent-key'), join(folder, 'file-key')];
    for (const path of [inAgent, inFile]) {
      await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', run, '-f', path]);
    }
    const socket = join(folder, 'agent.sock');
    const pid = /SSH_AGENT_PID=(\d+)/.exec(await mustRun(['ssh-agent', '-s', '-a', socket]))?.[1] ?? '';
    const project = await makeProject({
      Containerfile: [
        `${lab.from}COPY . /ssh`,
        'ENV LD_LIBRARY_PATH=/ssh/lib',
        'RUN mkdir -p /lib64 && cp /ssh/lib/ld-linux-x86-64.so.2 /lib64/',
        'RUN --mount=type=ssh /ssh/ssh-add -T /ssh/agent.pub && ! /ssh/ssh-add -T /ssh/file.pub && ! /ssh/ssh-add -D',
        `RUN --mount=type=ssh,id=keys /ssh/ssh-add -T /ssh/file.pub && ! /ssh/ssh-add -T /ssh/agent.pub && echo SIGNED ${run}`,
        `RUN test -z "$SSH_AUTH_SOCK" && test ! -e /run/buildkit # ${run}`,
        '',
      ].join('\n'),
    });
    try {
      await mustRun(['env', `SSH_AUTH_SOCK=${socket}`, 'ssh-add', '-q', inAgent]);
      await copyFile(`${inAgent}.pub`, join(project, 'agent.pub'));
      await copyFile(`${inFile}.pub`, join(project, 'file.pub'));
      const program = (await mustRun(['which', 'ssh-add'])).trim();
      const libraries = [...(await mustRun(['ldd', program])).matchAll(/(\/\S+)/g)].map(([path]) => path);
      await mkdir(join(project, 'lib'));
      await mustRun(['cp', '-L', program, project]);
      await mustRun(['cp', '-L', ...libraries, join(project, 'lib')]);
      const keys = Object.fromEntries(
        await Promise.all([inAgent, inFile].map(async (path) => [path, (await readFile(path, 'utf8')).split('\n')[2]])),
      );
      await Promise.all(buildKitNodes.map((node) => markTime(node, mark)));
      const outcomes = await Promise.all(
        buildKitNodes.map(
          (node) =>
            person.startWith(
              { SSH_AUTH_SOCK: socket },
              ...[
                'build',
                '--json',
                '-t',
                `ssh:${node}`,
                '--node',
                node,
                '--ssh',
                'default',
                '--ssh',
                `keys=${inFile}`,
              ],
              project,
            ).ended,
        ),
      );
      for (const [index, outcome] of outcomes.entries()) {
        const build = parseBuild(outcome);
        expect(build.status, outcome.stdout).toBe('done');
        expect(await person.mustRun('logs', build.id)).toContain(`SIGNED ${run}`);
        expect(await findOnNode(buildKitNodes[index] ?? '', mark, keys)).toEqual([]);
      }
      expect((await findInFolder(person.home, keys)).found).toEqual([]);
    } finally {
      process.kill(Number(pid));
      await rm(project, { recursive: true });
    }
  });

  test('are refused for podman, whose API takes none', async () => {
    const project = await makeProject({ Containerfile: 'FROM scratch\nCOPY . /\n' });
    const key = join(folder, 'unused-key');
    await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const ssh = `default=${key}`;
    const { code, stderr } = await person.barnraiser('build', '-t', 'x:1', '--node', 'amd-a', '--ssh', ssh, project);
    expect(code).toBe(1);
    expect(stderr).toContain("does not support SSH forwarding: podman's API takes no SSH agents.");
    await rm(project, { recursive: true });
  });
});

/** How the terminal front end ends: by Ctrl+C, when its reader has closed the pipe, and with a problem as JSON. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { makeProject, Person, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';

const lab = await setUpLab();
const entriesSchema = z.array(z.object({ id: z.string() }));
let person: Person;
const projects: string[] = [];

async function createProject(containerfile: string): Promise<string> {
  const folder = await makeProject({ Containerfile: containerfile });
  projects.push(folder);
  return folder;
}

const namesOfBuilds = async (node: string): Promise<string[]> => {
  const { stdout } = await runOnNode(node, 'podman images --format "{{.Repository}}:{{.Tag}}"');
  return stdout.split('\n').filter((name) => name.startsWith('localhost/barnraiser/'));
};

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(lab.node('amd-a'));
});
afterAll(async () => {
  await person.remove();
  await Promise.all(projects.map((folder) => rm(folder, { recursive: true })));
});

describe('Ctrl+C', () => {
  test('ends the wait for a node that does not respond', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address ? address.port : expect.fail('no port');
    await person.mustRun('connection', 'add', 'silent', `ssh://root@127.0.0.1:${port}/x.sock`, '--no-test');
    for (const command of [
      ['build', '-t', 'x:1', await createProject(lab.from)],
      ['connection', 'test', 'silent'],
      ['prune', '--yes'],
      ['df'],
    ]) {
      const connected = once(silent, 'connection');
      const running = person.start(...command);
      await connected;
      running.process.kill('SIGINT');
      const { code, stderr } = await running.ended;
      expect(code, `${command.join(' ')}\n${stderr}`).toBe(130);
      // the command did not wait for the connection timeout
      expect(stderr).not.toContain('within 15 s');
    }
    await person.mustRun('connection', 'remove', 'silent');
    silent.close();
  });

  test('during the image transfer leaves no tag of the image on the node', async () => {
    const folder = await createProject(`${lab.from}RUN head -c 300000000 /dev/urandom > /large\n`);
    const before = await namesOfBuilds('amd-a');
    const running = person.start('build', '-t', 'large:1', '--node', 'amd-a', folder);
    await running.waitForLine((line) => line.includes('transferring the image'));
    running.process.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    expect(code, stdout + stderr).toBe(130);
    const left = (await namesOfBuilds('amd-a')).filter((name) => !before.includes(name));
    expect(left).toEqual([]);
  });
});

/** Runs for a minute, and prints where it has got to. */
const slowStep = (): string =>
  `${lab.from}RUN echo ${Math.random()}; for i in $(seq 1 600); do echo line $i; sleep 0.1; done\n`;

describe('repeated signals', () => {
  test.each([
    ['Ctrl+C and the copy of npm', ['SIGINT', 'SIGINT']],
    ['the signals at the end of a session', ['SIGTERM', 'SIGHUP', 'SIGCONT']],
  ] as const)('%s, sent at once, end a build in order', async (_, signals) => {
    const folder = await createProject(slowStep());
    const running = person.start('build', '-t', 'signals:1', '--node', 'amd-a', folder);
    await running.waitForLine((line) => line.endsWith(' line 3'));
    for (const signal of signals) {
      running.process.kill(signal);
      await setTimeout(8);
    }
    const { code, stdout, stderr } = await running.ended;
    expect(code, stdout + stderr).toBe(130);
    expect(stdout).toContain('cancelling…');
    expect(stdout).toMatch(/^Cancelled after /m);
    expect(stderr).toBe('');
  });

  test('a later second signal ends the program at once, and says what is left', async () => {
    // a closed app waits for its nodes; this one never ends its work
    const script = `
      import { handleTermination } from '${resolve(import.meta.dirname, '..', 'electron/system/termination.ts')}';
      handleTermination({ onFirst: () => console.log('first'), onSecond: () => console.log('left behind') });
      setInterval(() => undefined, 1000);
      console.log('started');`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      cwd: resolve(import.meta.dirname, '..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    const seen = async (text: string): Promise<void> => {
      while (!printed.includes(text)) {
        const [chunk]: unknown[] = await once(child.stdout, 'data');
        printed += String(chunk);
      }
    };
    await seen('started');
    child.kill('SIGINT');
    await seen('first');
    child.kill('SIGINT');
    child.kill('SIGHUP');
    await setTimeout(1_500);
    expect(child.exitCode).toBeNull();
    child.kill('SIGINT');
    await seen('left behind');
    await once(child, 'close');
    expect(child.exitCode).toBe(130);
  });
});

describe('a build of another process', () => {
  test('is followed, cancelled and deleted', async () => {
    const folder = await createProject(slowStep());
    const running = person.start('build', '-t', 'other:1', '--node', 'amd-a', folder);
    await running.waitForLine((line) => line.endsWith(' line 3'));
    const [entry] = entriesSchema.parse(JSON.parse(await person.mustRun('builds', 'other:1', '--json')));
    const id = entry?.id ?? expect.fail('no build');

    expect(await person.barnraiser('builds', 'rm', id)).toMatchObject({ code: 1 });
    const following = person.start('logs', '--follow', id);
    await following.waitForLine((line) => line.endsWith('line 3'));
    await following.waitForLine((line) => line.endsWith('line 9'));
    expect(await person.barnraiser('cancel', id, 'linux/s390x')).toMatchObject({ code: 1 });
    expect(await person.mustRun('cancel', id)).toBe(`Cancelled build ${id}.\n`);
    expect((await following.ended).code).toBe(0);
    expect((await running.ended).code).toBe(130);
    const again = await person.barnraiser('cancel', id);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('has already ended: cancelled') });

    expect(await person.mustRun('logs', '--last')).toContain('line 3');
    expect(await person.mustRun('builds', 'rm', id)).toBe(`Deleted build ${id}.\n`);
    expect(await person.barnraiser('logs', id)).toMatchObject({ code: 1 });
  });
});

test('a build without a name gets the one that the window proposes, and the next version after that', async () => {
  const folder = await createProject(lab.from);
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-');
  const first = await person.barnraiser('build', '--node', 'amd-a', folder);
  expect(first, first.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining(`Building ${name}:0.1.`) });
  const { build } = await person.build('--node', 'amd-a', folder);
  expect(build.reference).toBe(`${name}:0.2`);
  const inspected = await person.mustRun('inspect', `${name}:0.1`);
  expect(inspected).toMatch(/^Digest: sha256:/m);
  expect(inspected).toMatch(/^linux\/amd64 .* sha256:[a-f0-9]{64}$/m);
  expect(inspected).not.toContain('{');
});

test('a connection is changed', async () => {
  await person.mustRun('connection', 'add', 'old', 'ssh://kim@old.example.com', '--identity', '/keys/a', '--no-test');
  await person.mustRun('farm', 'create', 'renamed', 'old');
  const changed = ['--rename', 'new', '--uri', 'ssh://kim@new.example.com', '--identity', ''];
  expect(await person.mustRun('connection', 'update', 'old', ...changed)).toBe(
    'Updated new: ssh://kim@new.example.com.\n',
  );
  expect(await person.mustRun('farm', 'list')).toMatch(/^renamed +new/m);
  await person.mustRun('farm', 'remove', 'renamed');
  await person.mustRun('connection', 'remove', 'new');
});

describe('exit codes', () => {
  test.each([
    ['a success', ['connection', 'list'], 0],
    ['help', ['--help'], 0],
    ['the version', ['--version'], 0],
    ['a failure', ['inspect', 'nope:1'], 1],
    ['a failure in part', ['connection', 'remove', 'nope'], 1],
    ['a command line that is not valid', ['build', '--nope'], 2],
  ] as const)('%s', async (_, args, code) => {
    expect((await person.barnraiser(...args)).code).toBe(code);
  });

  test('a connection that is added, but not reached, is a success with a warning', async () => {
    const added = await person.barnraiser('connection', 'add', 'nope', 'unix:///nowhere/engine.sock');
    expect(added).toMatchObject({ code: 0, stdout: 'Added nope, but its engine was not reached.\n' });
    expect(added.stderr).toMatch(/^warning: /);
    await person.mustRun('connection', 'remove', 'nope');
  });
});

describe('a reader that closes the pipe', () => {
  test('cancels the build and does not crash', async () => {
    const folder = await createProject(`${lab.from}RUN for i in $(seq 1 9999); do echo line $i; sleep 0.1; done\n`);
    const cli = resolve(import.meta.dirname, '..', 'electron', 'cli.ts');
    const build = `"$0" --import tsx "$1" build -t endless:1 --node amd-a "$2" | head -n 2; echo "ended with \${PIPESTATUS[0]}"`;
    const child = spawn('bash', ['-c', build, process.execPath, cli, folder], {
      cwd: resolve(import.meta.dirname, '..'),
      env: { ...process.env, BARNRAISER_HOME: person.home, BARNRAISER_KNOWN_HOSTS: person.knownHosts },
    });
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    await once(child, 'close');
    expect(printed).toMatch(/ended with 130/);
    expect(printed).not.toMatch(/EPIPE/);
    const { stdout: running } = await runOnNode('amd-a', "grep -l -a 'line $i' /proc/[0-9]*/cmdline || true");
    const { stdout: programs } = await runOnNode('amd-a', `cat ${running.split('\n').join(' ')} /dev/null 2>/dev/null`);
    expect(programs).not.toMatch(/seq.1.9999/);
  });
});

const problemLine = z.object({ problem: z.object({ code: z.string(), message: z.string(), fix: z.string() }) });

describe('with --json', () => {
  test.each([
    [['build', '-t', 'x:1', '/nowhere'], 1, 'context.missing'],
    [['inspect', 'nope:1'], 1, 'image.unknown'],
    [['logs', 'nope'], 1, 'build.unknown'],
    [['build'], 2, 'input.invalid'],
  ] as const)('the problem of %j is one line of JSON on standard error', async (args, exit, problemCode) => {
    const { code, stdout, stderr } = await person.barnraiser(...args, '--json');
    expect(code).toBe(exit);
    expect(stdout).toBe('');
    expect(problemLine.parse(JSON.parse(stderr)).problem.code).toBe(problemCode);
  });

  test('rm deletes the images that exist and reports the others', async () => {
    const folder = await createProject(lab.from);
    await person.mustRun('build', '-t', 'one:1', '--node', 'amd-a', folder);
    const { code, stdout, stderr } = await person.barnraiser('rm', 'nope:1', 'one:1', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ removed: 'one:1' });
    expect(problemLine.parse(JSON.parse(stderr)).problem.message).toContain('nope:1');
  });
});

describe('what a build writes', () => {
  let folder: string;
  const secret = `v-${process.pid}-${Date.now()}`;
  beforeAll(async () => {
    folder = await createProject(`${lab.from}ARG ONE\nARG TWO\nARG THREE\nRUN echo "args:$ONE:$TWO:$THREE"\n`);
    await writeFile(`${folder}/args.env`, `# arguments\nONE=${secret}\n\nTWO\nTHREE=file\n`);
  });

  test('-q prints only the digest; files get the log and what was built; build arguments come from a file', async () => {
    const paths = ['digest', 'metadata.json', 'build.log'].map((name) => `${folder}/${name}`);
    const [iidfile = '', metadataFile = '', logfile = ''] = paths;
    const { stdout, stderr } = await person.start(
      ...['build', '-q', '-t', 'output:1', '--build-arg-file', `${folder}/args.env`, '--build-arg', 'THREE=flag'],
      ...['--iidfile', iidfile, '--metadata-file', metadataFile, '--logfile', logfile, folder],
    ).ended;
    const [digest, metadata, log] = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
    expect(stdout).toBe(`${digest}\n`);
    expect(stderr).toBe('');
    expect(log).toContain(`args:${secret}::flag`);
    expect(JSON.parse(metadata ?? '')).toMatchObject({
      'image.name': 'output:1',
      'containerimage.digest': digest,
      'barnraiser.platforms': { 'linux/amd64': { node: 'amd-a', mode: 'native' } },
    });
  });

  test('-q says why a build fails; a log file that cannot be opened stops it before anything is sent', async () => {
    await writeFile(`${folder}/Containerfile`, `${lab.from}RUN echo ${secret} && exit 7\n`);
    const failed = await person.start('build', '-q', '-t', 'output:2', folder).ended;
    expect(failed).toMatchObject({ code: 1, stdout: '' });
    expect(failed.stderr).toContain('7');
    const refused = await person.start('build', '-t', 'output:3', '--logfile', `${folder}/none/build.log`, folder)
      .ended;
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('Use a path that you may write to.');
  });
});

/** How the terminal door ends: interrupted, with nobody reading on, or with a problem for a program to read. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { makeProject, Person, theLab } from './harness.ts';
import { nodeShell } from './lab/lab.ts';

const lab = await theLab();
let person: Person;
const projects: string[] = [];

async function project(containerfile: string): Promise<string> {
  const folder = await makeProject({ Containerfile: containerfile });
  projects.push(folder);
  return folder;
}

const namesOfBuilds = async (node: string): Promise<string[]> => {
  const { stdout } = await nodeShell(node, 'podman images --format "{{.Repository}}:{{.Tag}}"');
  return stdout.split('\n').filter((name) => name.startsWith('localhost/barnraiser/'));
};

beforeAll(async () => {
  person = await Person.create();
  await person.connect(lab.node('amd-a'));
});
afterAll(async () => {
  await person.remove();
  await Promise.all(projects.map((folder) => rm(folder, { recursive: true })));
});

describe('Ctrl+C', () => {
  test('ends the wait for a node that says nothing', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address ? address.port : expect.fail('no port');
    await person.must('connection', 'add', 'hole', `ssh://root@127.0.0.1:${port}/x.sock`, '--no-test');
    for (const command of [
      ['build', '-t', 'x:1', await project(lab.from)],
      ['connection', 'test', 'hole'],
      ['prune'],
    ]) {
      const connected = once(silent, 'connection');
      const running = person.start(...command);
      await connected;
      running.process.kill('SIGINT');
      const { code, stderr } = await running.ended;
      expect(code, `${command.join(' ')}\n${stderr}`).toBe(130);
      // the node's silence has not been waited for
      expect(stderr).not.toContain('within 15 s');
    }
    await person.must('connection', 'remove', 'hole');
    silent.close();
  });

  test('while the image is on its way back leaves no name of it on the node', async () => {
    const folder = await project(`${lab.from}RUN head -c 300000000 /dev/urandom > /large\n`);
    const before = await namesOfBuilds('amd-a');
    const running = person.start('build', '-t', 'large:1', '--node', 'amd-a', folder);
    await running.line((line) => line.includes('bringing the image back'));
    running.process.kill('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    expect(code, stdout + stderr).toBe(130);
    const left = (await namesOfBuilds('amd-a')).filter((name) => !before.includes(name));
    expect(left).toEqual([]);
  });
});

describe('a program that reads no further', () => {
  test('ends the build in order, without a crash', async () => {
    const folder = await project(`${lab.from}RUN for i in $(seq 1 9999); do echo line $i; sleep 0.1; done\n`);
    const cli = resolve(import.meta.dirname, '..', 'electron', 'cli.ts');
    const build = `"$0" --import tsx "$1" build -t endless:1 --node amd-a "$2" | head -n 2; echo "ended with \${PIPESTATUS[0]}"`;
    const child = spawn('bash', ['-c', build, process.execPath, cli, folder], {
      cwd: resolve(import.meta.dirname, '..'),
      env: { ...process.env, BARNRAISER_HOME: person.home, BARNRAISER_KNOWN_HOSTS: person.knownHosts },
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await once(child, 'close');
    expect(said).toMatch(/ended with 130/);
    expect(said).not.toMatch(/EPIPE/);
    const { stdout: running } = await nodeShell('amd-a', "grep -l -a 'line $i' /proc/[0-9]*/cmdline || true");
    const { stdout: programs } = await nodeShell('amd-a', `cat ${running.split('\n').join(' ')} /dev/null 2>/dev/null`);
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
  ] as const)('the problem of %j is one line of JSON beside the output', async (args, exit, problemCode) => {
    const { code, stdout, stderr } = await person.barnraiser(...args, '--json');
    expect(code).toBe(exit);
    expect(stdout).toBe('');
    expect(problemLine.parse(JSON.parse(stderr)).problem.code).toBe(problemCode);
  });

  test('of several images each is removed that can be, and the others are told', async () => {
    const folder = await project(lab.from);
    await person.must('build', '-t', 'one:1', '--node', 'amd-a', folder);
    const { code, stdout, stderr } = await person.barnraiser('rm', 'nope:1', 'one:1', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ removed: 'one:1' });
    expect(problemLine.parse(JSON.parse(stderr)).problem.message).toContain('nope:1');
  });
});

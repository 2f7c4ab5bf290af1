/** How the terminal front end ends: by Ctrl+C, when its reader has closed the pipe, and with a problem as JSON. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { makeProject, Person, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';

const lab = await setUpLab();
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
      ['prune'],
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

/** Builds projects whose Containerfile, ignore file or context is unusual, on real nodes. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, Person, setUpLab } from './harness.ts';

const run = promisify(execFile);
const lab = await setUpLab();
/** All with `npm run test:engines`. */
const nodes = [...(process.env.BARNRAISER_TEST_ENGINES === 'all' ? ['amd-a'] : []), 'amd-b', 'docker-a'];
const cli = resolve(import.meta.dirname, '../electron/cli.ts');
let person: Person;
const folders: string[] = [];

async function createProject(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await makeProject(files);
  folders.push(folder);
  return folder;
}

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(...nodes.map((name) => lab.node(name)));
});
afterAll(async () => {
  await person.remove();
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
});

/** A Containerfile with a step that prints what it copied, which no earlier run has cached. */
function listing(options = ''): string {
  return `${lab.from}COPY . /opt/deep/app\nRUN cd /opt/deep/app && find . | sort && ${options || 'true'} # ${randomBytes(8).toString('hex')}\n`;
}

async function buildLog(node: string, reference: string, ...args: string[]): Promise<string> {
  const { outcome, build } = await person.build('-t', reference, '--node', node, '--platform', 'linux/amd64', ...args);
  expect(outcome.code, outcome.stderr + JSON.stringify(build?.jobs[0]?.problem)).toBe(0);
  return await person.mustRun('logs', build.id, 'linux/amd64');
}

describe.each(nodes)('%s builds a project', (node) => {
  test('with links that lead out of it, and times before 1970 and after 2038', async () => {
    const folder = await createProject({
      Containerfile: listing('ls -l --full-time old new; for link in up sub/far sub/in abs; do readlink $link; done'),
      'sub/f': 'x',
      old: '',
      new: '',
    });
    await symlink('../../../etc/target', join(folder, 'up'));
    await symlink('../../../../var/target', join(folder, 'sub/far'));
    await symlink('../old', join(folder, 'sub/in'));
    await symlink('/etc/passwd', join(folder, 'abs'));
    await utimes(join(folder, 'old'), -1_000_000_000, -1_000_000_000);
    await utimes(join(folder, 'new'), 4_102_444_800, 4_102_444_800);
    const log = await buildLog(node, `odd-${node}:1`, folder);
    expect(log).toContain('2100-01-01 00:00:00');
    expect(log).toContain('../old');
    expect(log).toContain('/etc/passwd');
    // podman gets no link that leads out of the context, but one with the same target
    expect(log).toContain(node === 'docker-a' ? '../../../etc/target' : '/etc/target');
    expect(log).toContain(node === 'docker-a' ? '../../../../var/target' : '/var/target');
  });

  test('whose Containerfile and ignore file are links to files elsewhere', async () => {
    const elsewhere = await createProject({ real: listing(), patterns: '*\n!kept\n' });
    const folder = await createProject({ kept: '', 'left-out': '' });
    await symlink(relative(folder, elsewhere), join(folder, 'out'));
    await symlink('out/real', join(folder, 'second'));
    await symlink('second', join(folder, 'Containerfile'));
    await symlink(`${elsewhere}/patterns`, join(folder, '.dockerignore'));
    const log = await buildLog(node, `links-${node}:1`, folder);
    expect(log).toContain('./kept');
    expect(log).not.toContain('left-out');
  });

  test('whose first file has a name that is not ASCII', async () => {
    const folder = await createProject({ '+ü': 'x', Containerfile: listing() });
    expect(await buildLog(node, `name-${node}:1`, folder)).toContain('./+ü');
  });

  test('with a Containerfile from standard input, and from a command of the shell', async () => {
    const folder = await createProject({ 'some-file': '' });
    const file = join(await createProject({}), 'File');
    for (const [index, source] of [
      `-f - < '${file}'`,
      `-f <(cat '${file}')`,
      `-f /dev/stdin < <(cat '${file}')`,
    ].entries()) {
      await writeFile(file, listing());
      const command = `'${process.execPath}' --import tsx '${cli}' build --json -t stdin-${node}:${index} --node ${node} --platform linux/amd64 '${folder}' ${source}`;
      const { stdout } = await run('bash', ['-c', command], {
        env: person.env,
        cwd: resolve(import.meta.dirname, '..'),
      });
      const id = /"id":"([^"]+)"/.exec(stdout)?.[1] ?? '';
      expect(await person.mustRun('logs', id, 'linux/amd64')).toContain('./some-file');
    }
  });
});

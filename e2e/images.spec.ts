/** Images in local storage, and pushes to real registries. */
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, Person, setUpLab } from './harness.ts';
import { mustRun, run } from './lab/command.ts';
import { startAuthRegistry } from './lab/registries.ts';

const lab = await setUpLab();
const amdA = lab.node('amd-a');
const amdB = lab.node('amd-b');
let person: Person;
let folder: string;

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(amdA, amdB);
  folder = await makeProject({ Containerfile: `${lab.from}RUN echo hi > /hi\n` });
  await person.mustRun('build', '-t', 'kept:1', '--node', 'amd-a', folder);
});
afterAll(async () => {
  await person.remove();
  await rm(folder, { recursive: true });
});

describe('local storage', () => {
  test('is an OCI layout that other tools can read', async () => {
    const raw = await mustRun(['skopeo', 'inspect', '--raw', `oci:${join(person.home, 'images')}:kept:1`]);
    expect(JSON.parse(raw)).toMatchObject({ manifests: [{ platform: { os: 'linux', architecture: 'amd64' } }] });
    expect(await person.mustRun('images')).toMatch(/kept:1/);
    const inspected: unknown = JSON.parse(await person.mustRun('inspect', 'kept:1', '--json'));
    expect(JSON.stringify(inspected)).toContain('linux/amd64');
  });

  test('exports a list as a folder and as an archive, and does not overwrite a file', async () => {
    const archive = join(person.home, 'kept.tar');
    await person.mustRun('export', 'kept:1', `oci-archive:${archive}`);
    await person.mustRun('export', 'kept:1', `oci:${join(person.home, 'layout')}`);
    const copies = [`oci-archive:${archive}`, `oci:${join(person.home, 'layout')}`];
    for (const copy of copies) {
      const target = join(person.home, `copied-${copies.indexOf(copy)}`);
      await mustRun(['skopeo', 'copy', '--all', copy, `dir:${target}`]);
    }
    const again = await person.barnraiser('export', 'kept:1', `oci-archive:${archive}`);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain(archive);
  });

  test('stays intact when the app is killed during an image transfer', async () => {
    const large = await makeProject({
      Containerfile: `${lab.from}COPY large /large\n`,
      large: randomBytes(300_000_000),
    });
    try {
      const args = ['-t', 'killed:1', '--node', 'amd-b', large];
      const running = person.start('build', '--json', ...args);
      await running.waitForLine((line) => line.includes('"transferring"') && !line.includes('"bytesReceived":0'));
      running.process.kill('SIGKILL');
      await running.ended;
      expect(await person.mustRun('images')).toMatch(/kept:1/);
      expect(await person.mustRun('images')).not.toMatch(/killed:1/);
      await mustRun([
        'skopeo',
        'copy',
        '--all',
        `oci:${join(person.home, 'images')}:kept:1`,
        `dir:${person.home}/after`,
      ]);
      const { outcome, build } = await person.build(...args);
      expect(outcome.code, outcome.stderr).toBe(0);
      expect(build.status).toBe('done');
      await person.mustRun('rm', 'killed:1');
    } finally {
      await rm(large, { recursive: true });
    }
  });

  test('keeps the base of builds for other platforms, in turn, until it is told to free it', async () => {
    const project = await makeProject({
      Containerfile: 'FROM scratch\nCOPY base /\nCOPY app /\n',
      base: randomBytes(2_000_000),
      app: '1',
    });
    const build = (platform: string, node: string) =>
      person.build('-t', 'turn:1', '--platform', platform, '--node', node, project);
    try {
      await build('linux/amd64', 'amd-a');
      await build('linux/arm64', 'amd-b');
      await writeFile(join(project, 'app'), randomBytes(100));
      const { build: again } = await build('linux/amd64', 'amd-a');
      expect(again.jobs[0]?.bytesReceived).toBeGreaterThan(0);
      expect(again.jobs[0]?.bytesReceived).toBeLessThan(1_000_000);
      expect(await person.mustRun('images')).toContain('barnraiser rm --cache');
      await person.mustRun('rm', '--cache');
      expect(await person.mustRun('images')).not.toContain('rm --cache');
    } finally {
      await person.barnraiser('rm', 'turn:1');
      await rm(project, { recursive: true });
    }
  });

  test('removes a list, but not the blobs that other lists need', async () => {
    await person.mustRun('build', '-t', 'removed:1', '--node', 'amd-b', folder);
    await person.mustRun('rm', 'removed:1');
    expect(await person.mustRun('images')).not.toMatch(/removed:1/);
    await mustRun(['skopeo', 'copy', '--all', `oci:${join(person.home, 'images')}:kept:1`, `dir:${person.home}/kept`]);
    const unknown = await person.barnraiser('rm', 'removed:1');
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('removed:1');
  });
});

describe('a build with --push', () => {
  test('pushes the image, and mounts its layers in another repository', async () => {
    const project = await makeProject({
      Containerfile: `${lab.from}COPY large /large\nRUN echo ${randomBytes(8).toString('hex')} > /x\n`,
      large: randomBytes(2_000_000),
    });
    const push = (repository: string): string => `--push=${lab.registry.address}/${repository}:1`;
    try {
      const repository = `spec/build-push-${randomBytes(4).toString('hex')}`;
      const options = ['-t', 'pushed:1', '--node', 'amd-a', '--tls-verify=false', project];
      const first = await person.build(push(repository), ...options);
      expect(first.outcome.code, first.outcome.stderr).toBe(0);
      expect(first.build.push).toMatchObject({ status: 'done', digest: first.build.list?.digest });
      const reference = `docker://${lab.registry.address}/${repository}:1`;
      const raw = await mustRun(['skopeo', 'inspect', '--raw', '--tls-verify=false', reference]);
      expect(JSON.parse(raw)).toHaveProperty('manifests.0.digest', first.build.list?.entries[0]?.digest);

      const second = await person.build(push(`${repository}-copy`), ...options);
      expect(second.build.push).toMatchObject({ status: 'done', uploadedBytes: 0 });
    } finally {
      await rm(project, { recursive: true });
    }
  });

  test('is done and ends with an error if only the push fails', async () => {
    const options = ['-t', 'not-pushed:1', '--node', 'amd-a', folder];
    const { code, stdout } = await person.barnraiser('build', '--push=127.0.0.1:1/spec/api:1', ...options);
    expect(code).toBe(1);
    expect(stdout).toMatch(/Built 1 platform[\s\S]*Could not push 127\.0\.0\.1:1\/spec\/api:1/);
    expect(await person.mustRun('images')).toMatch(/not-pushed:1/);
    const unnamed = await person.barnraiser('build', '--push', '-t', 'api:1', folder);
    expect(unnamed.code).toBe(2);
    expect(unnamed.stderr).toMatch(/--push=registry\.example\.com\/team\/api:1/);
  });

  test('sends the password only to its registry, and keeps it nowhere', async () => {
    const registry = await startAuthRegistry({ mode: 'token' });
    try {
      const { code, stderr } = await person.barnraiser(
        ...[
          'build',
          '-t',
          'secret:1',
          '--node',
          'amd-a',
          `--push=${registry.address}/spec/secret:1`,
          '--tls-verify=false',
        ],
        ...['--creds', `${registry.username}:${registry.password}`, folder],
      );
      expect(code, stderr).toBe(0);
      const found = await run(['grep', '-rlF', registry.password, person.home]);
      expect(found.stdout).toBe('');
    } finally {
      await registry.stop();
    }
  });
});

describe('a push', () => {
  test('to a registry over plain http requires an option', async () => {
    const destination = `${lab.registry.address}/spec/plain:1`;
    const refused = await person.barnraiser('push', 'kept:1', destination);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/--tls-verify=false/);
    await person.mustRun('push', 'kept:1', destination, '--tls-verify=false');
    const raw = await mustRun(['skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${destination}`]);
    expect(JSON.parse(raw)).toHaveProperty('manifests.0.digest');
  });

  test('without a registry explains how to name one', async () => {
    const { code, stderr } = await person.barnraiser('push', 'kept:1');
    expect(code).toBe(1);
    expect(stderr).toMatch(/barnraiser push kept:1/);
  });

  test.each(['basic', 'token'] as const)(
    'with %s authentication succeeds only with the right credentials',
    async (mode) => {
      const registry = await startAuthRegistry({ mode });
      try {
        const push = (password: string): ReturnType<Person['barnraiser']> =>
          person.barnraiser(
            'push',
            'kept:1',
            `${registry.address}/spec/kept:1`,
            '--tls-verify=false',
            '--creds',
            `${registry.username}:${password}`,
          );
        const wrong = await push('wrong-password');
        expect(wrong.code).toBe(1);
        expect(wrong.stderr).toContain(registry.address);
        expect(wrong.stderr + wrong.stdout).not.toContain('wrong-password');
        const right = await push(registry.password);
        expect(right.code, right.stderr).toBe(0);
      } finally {
        await registry.stop();
      }
    },
  );
});

/** A project of another user that should keep Barnraiser busy for ever, or fill its memory. */
import { execFile } from 'node:child_process';
import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ensureBundled } from '../bundle.ts';
import { makeProject, Person } from '../harness.ts';
import { type HostileEngine, startHostileEngine } from './testing/hostile-engine.ts';

const run = promisify(execFile);

let person: Person;
let engine: HostileEngine;
let project: string;

beforeAll(ensureBundled);
beforeEach(async () => {
  person = await Person.create();
  engine = await startHostileEngine('');
  await person.mustRun('connection', 'add', 'node', engine.uri);
  project = await makeProject({ Containerfile: 'FROM scratch\nCOPY . /\n' });
});
afterEach(async () => {
  await engine.close();
  await person.remove();
  await rm(project, { recursive: true, force: true });
});

/** Builds with little memory. The engine refuses the build itself, so every end is a failure; one by a signal is none. */
async function build(...more: string[]): Promise<string> {
  const { code, stderr, stdout } = await person.startWith(
    { NODE_OPTIONS: '--max-old-space-size=256' },
    'build',
    '-t',
    'a:1',
    ...more,
    project,
  ).ended;
  expect([1, stderr]).toEqual([code, stderr]);
  expect(stderr).not.toContain('Something went wrong inside Barnraiser');
  return stderr + stdout;
}

const special = ['Containerfile', '.dockerignore', '.containerignore', 'Containerfile.dockerignore'];

describe.skipIf(process.platform === 'win32')('special files', () => {
  it.each(special)('a pipe in place of %s is refused', async (name) => {
    await rm(join(project, name), { force: true });
    await run('mkfifo', [join(project, name)]);
    expect(await build()).toContain(name);
  });

  it.each(special)('an endless device in place of %s is refused', async (name) => {
    await rm(join(project, name), { force: true });
    await symlink('/dev/zero', join(project, name));
    expect(await build()).toContain(name);
  });

  it('pipes in the context are left out or refused, and stop nothing', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await run('mkfifo', [join(project, name)]);
    }
    await build();
  });
});

describe('sizes', () => {
  it.each([
    ['Containerfile', `FROM scratch\n${'ARG A=1\n'.repeat(1_000_000)}`],
    ['Containerfile', `FROM scratch\nRUN ${'x'.repeat(20 * 1024 * 1024)}\n`],
    ['Containerfile', `FROM scratch\nRUN x ${'\\\n'.repeat(500_000)}y\n`],
    ['.dockerignore', 'a*b\n'.repeat(2_000_000)],
  ])('a huge %s ends', async (name, text) => {
    await writeFile(join(project, name), text);
    await build();
  });
});

describe('ignore patterns', () => {
  const name = 'a'.repeat(200);

  it.each([
    ['*a*a*a*a*a*a*a*a*a*a*a*b'],
    ['**/**/**/**/**/**/**/**/**/**/**/b'],
    ['**a**a**a**a**a**a**a**a**a**b'],
    ['?*?*?*?*?*?*?*?*?*?*?*?*b'],
    ['[a-a]*[a-a]*[a-a]*[a-a]*[a-a]*[a-a]*[a-a]*[a-a]*b'],
    [Array<string>(5_000).fill('*a*a*a*a*b').join('\n')],
  ])('the worst case %s takes linear time', async (pattern) => {
    await writeFile(join(project, '.dockerignore'), `${pattern}\n`);
    for (let index = 0; index < 20; index += 1) {
      await writeFile(join(project, `${name}${index}`), 'x');
    }
    await build();
  });
});

/** Several images of a project: those that others depend on first, on nodes with podman and docker. */
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Bake, bakeSchema } from '../shared/bake.ts';
import { makeProject, type Outcome, Person, type Running, setUpLab } from './harness.ts';

const lab = await setUpLab();
const changedSchema = z.object({ event: z.literal('bake.changed'), bake: bakeSchema });
let person: Person;
let folder: string;
const stamp = String(Date.now());

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(...lab.nodes.filter(({ name }) => name === 'amd-a' || name === 'docker-a'));
  folder = await makeProject({
    'docker-bake.hcl': `
group "default" { targets = ["app", "other"] }
target "base" {
  context = "base"
  tags = ["bake-base:1"]
}
target "app" {
  context = "app"
  contexts = { start = "target:base" }
  tags = ["bake-app:1"]
}
target "other" {
  context = "other"
  tags = ["bake-other:1"]
}
target "broken" {
  context = "broken"
  tags = ["bake-broken:1"]
}
target "after" {
  context = "app"
  contexts = { start = "target:broken" }
  tags = ["bake-after:1"]
}
target "slow" {
  context = "slow"
  tags = ["bake-slow:1"]
}
target "waiting" {
  context = "app"
  contexts = { start = "target:slow" }
  tags = ["bake-waiting:1"]
}
`,
    'base/Dockerfile': `${lab.from}RUN echo base ${stamp} > /base\n`,
    'app/Dockerfile': 'FROM start\nRUN cat /base > /app\nCMD ["cat", "/app"]\n',
    'other/Dockerfile': `${lab.from}RUN echo other ${stamp}\n`,
    'broken/Dockerfile': `${lab.from}RUN echo broken ${stamp} && exit 3\n`,
    'slow/Dockerfile': `${lab.from}RUN echo slow ${stamp} && sleep 300\n`,
  });
});
afterAll(async () => {
  await person.remove();
  await rm(folder, { recursive: true });
});

function bake(...args: string[]): Running {
  return person.startIn(folder, ...args);
}

/** The bake of the last `bake.changed` event. */
function bakeOf({ stdout, stderr }: Outcome): Bake {
  const last = stdout.trim().split('\n').at(-1) ?? '';
  try {
    return changedSchema.parse(JSON.parse(last)).bake;
  } catch (error) {
    throw new Error(`The last line is not a bake.changed event: ${last}\n${stderr}`, { cause: error });
  }
}

function statuses({ images }: Bake): string[] {
  return images.map(({ name, status }) => `${name} ${status}`);
}

describe.each(['amd-a', 'docker-a'])('on %s', (node) => {
  test('an image is built on the one that it depends on', async () => {
    const outcome = await bake('bake', '--json', '--node', node).ended;
    expect(outcome.code, outcome.stderr).toBe(0);
    const result = bakeOf(outcome);
    expect(statuses(result)).toEqual(['base done', 'app done', 'other done']);
    const events = outcome.stdout.split('\n').filter((line) => line.startsWith('{"event":"build.'));
    const [base, app] = result.images.map(({ build }) => build ?? '');
    const ended = events.findIndex((line) => line.includes('build.finished') && line.includes(`"id":"${base}"`));
    const started = events.findIndex((line) => line.includes('build.started') && line.includes(`"id":"${app}"`));
    expect(ended).toBeGreaterThanOrEqual(0);
    expect(started).toBeGreaterThan(ended);
    expect(await person.mustRun('images')).toContain('bake-app:1');
  });
});

describe('a bake with an image that fails', () => {
  let id: string;

  test('does not build what depends on it, and builds the rest', async () => {
    const outcome = await bake('bake', '--json', '--node', 'amd-a', 'after', 'other').ended;
    expect(outcome.code).toBe(1);
    const result = bakeOf(outcome);
    expect(statuses(result)).toEqual(['broken failed', 'after blocked', 'other done']);
    expect(result.images[1]?.problem?.message).toBe(
      'after was not built, because broken, which it depends on, was not built.',
    );
    expect(result.images[1]?.build).toBeUndefined();
    ({ id } = result);
  });

  test('is repeated without what is done', async () => {
    await writeFile(join(folder, 'broken/Dockerfile'), `${lab.from}RUN echo repaired ${stamp} > /base\n`);
    const outcome = await bake('retry', id, '--json').ended;
    expect(outcome.code, outcome.stderr).toBe(0);
    const result = bakeOf(outcome);
    expect(statuses(result)).toEqual(['broken done', 'after done', 'other done']);
    expect(result.images.map(({ isReused = false }) => isReused)).toEqual([false, false, true]);
  });
});

test('a cancelled bake leaves nothing running, and starts nothing else', async () => {
  const running = bake('bake', '--json', '--node', 'amd-a', 'waiting');
  await running.waitForLine((line) => line.includes('"job.log"') && line.includes(`slow ${stamp}`));
  running.process.kill('SIGINT');
  const outcome = await running.ended;
  expect(outcome.code).toBe(130);
  expect(statuses(bakeOf(outcome))).toEqual(['slow cancelled', 'waiting cancelled']);
});

test('plain lines name the image, and the end names all', async () => {
  const archive = join(folder, 'other.tar');
  const outcome = await bake('bake', '--node', 'amd-a', 'other', '--set', '*.output=type=oci,dest=other.tar').ended;
  expect(outcome.code, outcome.stderr).toBe(0);
  expect(outcome.stderr).toContain('Read docker-bake.hcl.');
  expect(outcome.stdout).toContain('[other build] bake-other:1: linux/amd64 on amd-a');
  expect(outcome.stdout).toMatch(/other +done +bake-other:1/);
  expect(outcome.stdout).toContain('1 of 1 image in');
  expect(outcome.stdout).toContain(`[other output] writing oci-archive:${archive}`);
  expect(outcome.stdout).toMatch(new RegExp(`^Exported bake-other:1 to ${archive} \\(.*\\)\\.$`, 'm'));
  expect((await stat(archive)).size).toBeGreaterThan(100_000);
});

test('two images do not write the same file, and files outside of the project have to be allowed', async () => {
  const same = await bake('bake', '--node', 'amd-a', '--set', '*.output=type=tar,dest=both.tar').ended;
  expect([same.code, same.stderr]).toEqual([1, expect.stringContaining(`go to ${join(folder, 'both.tar')}.`)]);
  const outside = `rootfs:${join(person.home, 'outside')}`;
  const refused = await bake('bake', '--node', 'amd-a', 'other', '--set', `other.output=${outside}`).ended;
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringContaining(`--allow fs.write=${join(person.home, 'outside')}`),
  ]);
  expect(await readdir(folder)).not.toContain('both.tar');
});

/** Preferences of connections, farms and builds, and what earlier builds say of the time. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { scheduleSchema } from '../shared/schedule.ts';
import { makeProject, Person, setUpLab } from './harness.ts';

const lab = await setUpLab();
const amdA = lab.node('amd-a');
const amdB = lab.node('amd-b');
const buildLine = z.object({ build: z.object({ schedule: scheduleSchema }) });

const planSchema = scheduleSchema.extend({ isPossible: z.boolean() });

let person: Person;
let folder: string;

beforeAll(async () => {
  person = await Person.create();
  folder = await makeProject({ Containerfile: `${lab.from}RUN echo ${Date.now()} > /a\n` });
  await person.addConnections(amdA, amdB);
  await person.mustRun('farm', 'create', 'home', amdA.name, amdB.name, '--default');
});
afterAll(async () => {
  await person.remove();
  await rm(folder, { recursive: true });
});

/** The only assignment of a build of linux/amd64, and the nodes that were left out. */
async function build(...options: string[]) {
  const output = await person.mustRun(
    ...['build', '-t', 'scheduled:1', '--platform', 'linux/amd64', '--no-skip', '--json', ...options, folder],
  );
  for (const line of output.trim().split('\n').reverse()) {
    const found = buildLine.safeParse(JSON.parse(line));
    if (found.success) {
      const { assignments, ...schedule } = found.data.build.schedule;
      return { ...(assignments[0] ?? expect.fail('nothing is assigned')), finishOfBuild: schedule.finish };
    }
  }
  return expect.fail(`no line has the build: ${output}`);
}

test('a build goes where its connection, its farm and its request say, and knows its time from the last one', async () => {
  await person.mustRun('connection', 'update', amdB.name, '--priority', '5', '--slots', '1');
  const preferred = await build();
  expect(preferred).toMatchObject({ node: amdB.name, reason: 'native, preferred by its priority' });
  expect(preferred.estimate).toBeUndefined();

  await person.mustRun('farm', 'update', 'home', '--pin', `linux/amd64=${amdA.name}`);
  const pinned = await build('--no-cache');
  expect(pinned).toMatchObject({ node: amdA.name, reason: 'native, pinned by the farm' });
  expect(pinned.estimate?.ms).toBeGreaterThan(0);
  expect(await person.mustRun('farm', 'list')).toContain(`linux/amd64 on ${amdA.name}`);

  const excluded = await build('--exclude', amdA.name, '--no-cache');
  expect(excluded.node).toBe(amdB.name);
  expect(excluded.reason).toMatch(/usually .* here/);
  expect(excluded.finishOfBuild?.ms).toBeGreaterThan(0);

  await person.mustRun('farm', 'update', 'home', '--pin', 'linux/amd64=');
  await person.mustRun('connection', 'update', amdB.name, '--priority', '', '--slots', '');
  expect(await person.mustRun('connection', 'list')).not.toContain('priority');
});

test('a node that may not emulate, or that is excluded, builds nothing else, which the plan says without a build', async () => {
  const plan = async (...options: string[]) => {
    const { code, stdout } = await person.barnraiser('build', '--dry-run', '-t', 'a:1', '--json', ...options, folder);
    return { code, ...planSchema.parse(JSON.parse(stdout)) };
  };
  const arm64 = ['--platform', 'linux/arm64'];
  await person.mustRun('connection', 'update', amdA.name, '--emulation', 'never');
  expect(await plan(...arm64)).toMatchObject({ code: 0, assignments: [{ node: amdB.name, mode: 'emulated' }] });
  await person.mustRun('connection', 'update', amdB.name, '--emulation', 'never');
  const none = await plan(...arm64);
  expect(none).toMatchObject({ code: 1, isPossible: false, assignments: [] });
  expect(none.unassigned[0]?.problem.message).toContain(`${amdA.name} runs linux/amd64 and may not emulate`);
  expect(none.unassigned[0]?.problem.fix).toContain(`Let ${amdA.name} emulate`);
  for (const { name } of [amdA, amdB]) {
    await person.mustRun('connection', 'update', name, '--emulation', 'allowed');
  }
  const excluded = await plan(...arm64, '--exclude', amdA.name, '--no-emulation');
  expect(excluded.unassigned[0]?.problem.fix).toContain(`Or include ${amdA.name} again.`);
  const text = await person.mustRun('build', '--dry-run', '-t', 'a:1', ...arm64, folder);
  expect(text).toMatch(/^linux\/arm64 +amd-/m);
});

test('what does not exist is named', async () => {
  const excluded = await person.barnraiser('build', '-t', 'a:1', '--exclude', 'amd-aa', folder);
  expect(excluded.code).toBe(1);
  expect(excluded.stderr).toContain('amd-aa');
  const pinned = await person.barnraiser('farm', 'update', 'home', '--pin', 'linux/amd64=pi4');
  expect(pinned.stderr).toContain('Farm home has no connection "pi4" that linux/amd64 could be pinned to.');
});

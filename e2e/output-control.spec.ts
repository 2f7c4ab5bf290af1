/** Outputs while they are written: cancelled from terminals and from the window, and written again. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants, type FileHandle, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type App, createApp } from '../electron/app.ts';
import { type AttachServer, acceptTerminals } from '../electron/attach/server.ts';
import type { Build } from '../shared/build.ts';
import type { AppEvent } from '../shared/contract.ts';
import type { OutputState } from '../shared/output-state.ts';
import { makeProject, Person, parseBuild, type Running, setUpLab } from './harness.ts';

const lab = await setUpLab();
const reference = `control-${randomBytes(4).toString('hex')}:1`;
let person: Person;
let project: string;
let app: App;
let terminals: AttachServer;
let events: AppEvent[] = [];
let pipe: FileHandle;
const path = (...parts: string[]): string => join(person.home, 'out', ...parts);
/** A pipe that nothing reads: what is written to it waits until it is cancelled. */
const blocked = (): string => `oci-archive:${path('pipe')}`;

beforeAll(async () => {
  person = await Person.create();
  vi.stubEnv('SSH_AUTH_SOCK', '');
  vi.stubEnv('BARNRAISER_KNOWN_HOSTS', person.knownHosts);
  vi.stubEnv('BARNRAISER_SSH_CONFIG', 'none');
  await person.addConnections(lab.node('amd-b'));
  project = await makeProject({
    Containerfile: 'FROM scratch\nCOPY data /data\n',
    data: randomBytes(30_000_000),
    'barnraiser.json': JSON.stringify({ version: 1, outputs: ['oci-archive:of-recipe.tar'] }),
    '.containerignore': '*.tar\n',
  });
  await mkdir(path());
  execFileSync('mkfifo', [path('pipe')]);
  pipe = await open(path('pipe'), constants.O_RDWR | constants.O_NONBLOCK);
  app = await createApp({ frontEnd: 'browser', home: person.home });
  app.subscribe((event) => events.push(event));
  terminals = (await acceptTerminals(app, { home: person.home, frontEnd: 'browser' })) ?? expect.fail('another app');
});
afterAll(async () => {
  await terminals.close();
  await app.close();
  await pipe.close();
  vi.unstubAllEnvs();
  await person.remove();
  await rm(project, { recursive: true });
});
beforeEach(() => {
  events = [];
});

/** Builds in a terminal. All but the first time, nothing has changed. */
function startBuild(...outputs: string[]): Running {
  const args = outputs.flatMap((output) => ['--output', output]);
  return person.start(
    'build',
    '--json',
    '-t',
    reference,
    '--node',
    'amd-b',
    '--platform',
    'linux/amd64',
    ...args,
    project,
  );
}

const outputOf = (line: string): OutputState | undefined =>
  line.includes('"output.changed"') ? JSON.parse(line).output : undefined;
const isAt = (output: string, status: OutputState['status']) => (line: string) => {
  const state = outputOf(line);
  return state?.output === output && state.status === status && (status !== 'running' || state.doneBytes > 0);
};
const statuses = (build: Build): (readonly [string, string])[] =>
  (build.outputs ?? []).map(({ output, status }) => [output, status] as const);
const parts = async (): Promise<string[]> => (await readdir(path())).filter((name) => name.includes('.part'));

test('the window cancels one output of a build in a terminal, and the others go on', async () => {
  const archive = `oci-archive:${path('whole.tar')}`;
  const running = startBuild(archive, blocked());
  const line = await running.waitForLine(isAt(blocked(), 'running'));
  await running.waitForLine(isAt(archive, 'done'));
  expect(await app.call('outputs.list', {})).toMatchObject({
    value: expect.arrayContaining([expect.objectContaining({ output: blocked(), status: 'running' })]),
  });
  await app.call('outputs.cancel', { id: outputOf(line)?.id ?? '' });
  const outcome = await running.ended;
  const build = parseBuild(outcome);
  expect([build.status, outcome.code]).toEqual(['done', 130]);
  expect(statuses(build)).toEqual([
    [archive, 'done'],
    [blocked(), 'cancelled'],
  ]);
  expect(await person.mustRun('images')).toContain(reference);
  expect(await parts()).toEqual([]);

  // written again, by the window
  const target = `rootfs:${path('again')}`;
  const first = await app.call('outputs.repeat', { buildId: build.id, output: target });
  expect(first).toMatchObject({ ok: true, value: { status: 'running', buildId: build.id } });
  await vi.waitFor(
    () =>
      expect(events).toContainEqual(
        expect.objectContaining({
          event: 'build.finished',
          build: expect.objectContaining({
            outputs: expect.arrayContaining([expect.objectContaining({ output: target, status: 'done' })]),
          }),
        }),
      ),
    { timeout: 20_000 },
  );
  expect((await readFile(path('again', 'data'))).equals(await readFile(join(project, 'data')))).toBe(true);
  expect(await app.call('builds.get', { id: build.id })).toMatchObject({
    value: { outputs: [{ status: 'done' }, { status: 'cancelled' }, { output: target, status: 'done' }] },
  });
});

test('Ctrl+C while outputs are written cancels those, and the image stays', async () => {
  const root = `rootfs:${path('root')}`;
  const running = startBuild(root, blocked());
  await running.waitForLine(isAt(blocked(), 'running'));
  running.process.kill('SIGINT');
  const outcome = await running.ended;
  expect(outcome.code).toBe(130);
  const build = parseBuild(outcome);
  expect(build.list?.digest).toMatch(/^sha256:/);
  const [, pipeStatus] = statuses(build).at(-1) ?? [];
  expect(pipeStatus).toBe('cancelled');
  expect(await person.mustRun('images')).toContain(reference);
  const hasRoot = statuses(build)[0]?.[1] === 'done';
  expect((await readdir(path())).includes('root')).toBe(hasRoot);
  expect(await parts()).toEqual([]);
});

describe('an export in a terminal', () => {
  test.each([
    ['attached to the app', {}],
    ['on its own', { BARNRAISER_ATTACH: '0' }],
  ])('that is %s is cancelled with Ctrl+C and leaves nothing', async (_, env) => {
    const running = person.startWith(env, 'export', '--json', reference, blocked());
    await running.waitForLine(isAt(blocked(), 'running'));
    running.process.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    expect((await stat(path('pipe'))).isFIFO()).toBe(true);
    expect(await parts()).toEqual([]);
  });
});

test('the outputs of the recipe are written if the command names no others', async () => {
  expect(await readdir(project)).not.toContain('of-recipe.tar');
  const outcome = await startBuild().ended;
  expect(statuses(parseBuild(outcome))).toEqual([[`oci-archive:${join(project, 'of-recipe.tar')}`, 'done']]);
  expect(await readdir(project)).toContain('of-recipe.tar');
});

/** Builds without a person: on every change of a project, and at times. */
import { randomInt } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { buildSchema } from '../shared/build.ts';
import { timerSchema } from '../shared/timer.ts';
import { watchSchema } from '../shared/watch.ts';
import { makeProject, Person, type Running, setUpLab } from './harness.ts';
import { runOnNode } from './lab/lab.ts';
import { startAuthRegistry } from './lab/registries.ts';

const lab = await setUpLab();
const node = lab.node('amd-b');
const run = randomInt(1_000_000, 10_000_000);
let person: Person;
let project: string;

beforeAll(async () => {
  person = await Person.create();
  await person.addConnections(node);
  project = await makeProject({
    Containerfile: `${lab.from}COPY mark seconds /\nRUN echo ${run} $(cat /mark); sleep $(cat /seconds)\n`,
    '.containerignore': 'ignored\n',
    mark: 'first',
    seconds: '0',
    ignored: '',
  });
});
afterAll(async () => {
  await person?.remove();
  await rm(project, { recursive: true, force: true });
});

/** Starts a command that runs until it is interrupted, at the latest at the end of the test. */
function start(...args: string[]): Running {
  const running = person.start(...args);
  onTestFinished(async () => {
    running.process.kill('SIGINT');
    await running.ended;
  });
  return running;
}

const eventSchema = z.union([
  z.object({ event: z.literal('watch.changed'), watch: watchSchema }),
  z.object({ event: z.literal('build.started'), build: buildSchema }),
  z.object({ event: z.literal('build.finished'), build: buildSchema }),
]);
type WatchEvent = z.infer<typeof eventSchema>;

function parse(line: string): WatchEvent | undefined {
  const parsed = eventSchema.safeParse(JSON.parse(line));
  return parsed.success ? parsed.data : undefined;
}

/** The first event that `accept` returns true for. */
async function nextEvent(watch: Running, accept: (event: WatchEvent) => boolean): Promise<WatchEvent> {
  const line = await watch.waitForLine((each) => {
    const event = parse(each);
    return event !== undefined && accept(event);
  });
  return parse(line) ?? expect.fail('no event');
}

function finished(watch: Running, builds: number): Promise<WatchEvent> {
  const isWaiting = (event: WatchEvent): boolean =>
    event.event === 'watch.changed' && event.watch.state === 'waiting' && event.watch.builds === builds;
  return nextEvent(watch, isWaiting);
}

async function sleepersOf(seconds: number): Promise<string> {
  return (await runOnNode(node.name, `pgrep -f '[s]leep ${seconds}' || true`)).stdout.trim();
}

test('a watch builds on a change, not on an ignored one, cancels what is outdated, and ends with its command', async () => {
  const iidfile = join(project, 'image.id');
  const watch = start('--json', 'watch', '-t', `watch-${run}:1`, '--iidfile', iidfile, project);
  expect(await finished(watch, 1)).toMatchObject({ watch: { outcome: 'done' } });
  // the builds write this file, which must not start the next one
  expect(await readFile(iidfile, 'utf8')).toMatch(/^sha256:/);

  // a failed build does not end the watch
  const good = await readFile(join(project, 'Containerfile'), 'utf8');
  await writeFile(join(project, 'Containerfile'), `${good}RUN false\n`);
  expect(await finished(watch, 2)).toMatchObject({
    watch: { outcome: 'failed', change: { paths: ['Containerfile'] } },
  });
  await writeFile(join(project, 'ignored'), 'changed');
  const seconds = randomInt(100_000, 1_000_000);
  await writeFile(join(project, 'Containerfile'), good);
  await writeFile(join(project, 'seconds'), `${seconds}`);
  const isStarted = (event: WatchEvent): boolean =>
    event.event === 'watch.changed' && event.watch.builds === 3 && event.watch.build !== undefined;
  const slow = await nextEvent(watch, isStarted);
  expect(slow).toMatchObject({ watch: { change: { paths: ['Containerfile', 'seconds'] } } });
  await expect.poll(() => sleepersOf(seconds), { timeout: 30_000 }).not.toBe('');

  // the build that sleeps is outdated
  await writeFile(join(project, 'seconds'), `${seconds + 1}`);
  const outdated = slow.event === 'watch.changed' ? slow.watch.build : undefined;
  const cancelled = await nextEvent(watch, (event) => event.event === 'build.finished' && event.build.id === outdated);
  expect(cancelled).toMatchObject({ build: { status: 'cancelled', request: { trigger: { kind: 'watch' } } } });
  await expect.poll(() => sleepersOf(seconds + 1), { timeout: 30_000 }).not.toBe('');
  expect(await sleepersOf(seconds)).toBe('');

  // Ctrl+C ends the watch and its build
  watch.process.kill('SIGINT');
  const { code, stdout } = await watch.ended;
  expect(code).toBe(130);
  const last = stdout
    .trim()
    .split('\n')
    .flatMap((line) => parse(line) ?? []);
  expect(last.filter(({ event }) => event === 'build.started')).toHaveLength(4);
  expect(last.at(-1)).toMatchObject({ watch: { state: 'ended' } });
  await expect.poll(() => sleepersOf(seconds + 1)).toBe('');
});

test('a schedule builds its project, and only what has changed where that is asked for', async () => {
  await writeFile(join(project, 'seconds'), '0');
  const added = await person.mustRun(
    ...['schedule', 'add', '--json', '--cron', '0 0 29 2 *', '--time-zone', 'UTC', '--name', 'leap'],
    ...['--only-if-changed', '-t', `schedule-${run}:1`, project],
  );
  expect(z.object({ times: z.array(z.string()) }).parse(JSON.parse(added)).times[0]).toMatch(/-02-29T00:00/);

  const first = await person.barnraiser('schedule', 'run', 'leap', '--json');
  expect(first.code, first.stderr).toBe(0);
  const build = first.stdout
    .split('\n')
    .flatMap((line) => (line === '' ? [] : (parse(line) ?? [])))
    .at(-1);
  expect(build).toMatchObject({
    event: 'build.finished',
    build: { status: 'done', request: { trigger: { kind: 'timer', name: 'leap' } } },
  });
  const second = await person.barnraiser('schedule', 'run', 'leap');
  expect(second).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing has changed') });

  const [timer] = z.array(timerSchema).parse(JSON.parse(await person.mustRun('schedule', 'list', '--json')));
  expect(timer).toMatchObject({ name: 'leap', last: { status: 'unchanged' } });
});

test('a schedule that is due runs once, although several processes could start it', async () => {
  await person.mustRun('schedule', 'add', '--cron', '* * * * *', '--name', 'due', '-t', `due-${run}:1`, project);
  // as if it were due since a moment ago
  const path = join(person.home, 'timers.json');
  const { version, timers } = z
    .object({ version: z.number(), timers: z.array(z.looseObject({ name: z.string() })) })
    .parse(JSON.parse(await readFile(path, 'utf8')));
  const handledAt = new Date(Date.now() - 61_000).toISOString();
  const changed = timers.map((timer) => (timer.name === 'due' ? { ...timer, handledAt } : timer));
  await writeFile(path, JSON.stringify({ version, timers: changed }));
  const daemons = [start('schedule', 'daemon', '--json'), start('schedule', 'daemon', '--json')];
  const isDone = (line: string): boolean => line.includes('"timer.finished"') && line.includes('"done"');
  await Promise.race(daemons.map((daemon) => daemon.waitForLine(isDone)));
  await person.mustRun('schedule', 'pause', 'due');
  for (const daemon of daemons) {
    daemon.process.kill('SIGINT');
  }
  const outcomes = await Promise.all(daemons.map(({ ended }) => ended));
  expect(outcomes.map(({ code }) => code)).toEqual([130, 130]);
  const runs = outcomes.flatMap(({ stdout }) => stdout.split('\n')).filter((line) => line.includes('"timer.finished"'));
  // the next minute may have begun meanwhile
  const times = runs.map((line) => /"at":"([^"]+)"/.exec(line)?.[1]);
  expect(new Set(times).size).toBe(runs.length);
  await person.mustRun('schedule', 'remove', 'due');
});

test('what needs a person later is refused', async () => {
  const add = (...args: string[]) => person.barnraiser('schedule', 'add', '--cron', '@daily', ...args, project);
  expect(await add('-t', 'x:1', '--secret', 'id=token,type=prompt')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      'The secret token is typed for each build, and a schedule has no person who types it.',
    ),
  });
  expect(await add('-t', 'x:1', '--cron', '0 0 31 4 *')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('names no time'),
  });
  const registry = await startAuthRegistry({ mode: 'basic' });
  try {
    const push = ['-t', `${registry.address}/a:1`, '--push', '--tls-verify=false'];
    expect(await add(...push)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`barnraiser login ${registry.address}`),
    });
    expect(await add(...push, '--creds', 'a:b')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Schedules keep no passwords.'),
    });
    const auth = Buffer.from(`${registry.username}:${registry.password}`).toString('base64');
    await mkdir(join(person.home, 'docker'), { recursive: true });
    await writeFile(
      join(person.home, 'docker', 'config.json'),
      JSON.stringify({ auths: { [registry.address]: { auth } } }),
    );
    const env = { DOCKER_CONFIG: join(person.home, 'docker') };
    const added = await person.startWith(env, 'schedule', 'add', '--cron', '@daily', ...push, project).ended;
    expect(added.code, added.stderr).toBe(0);
  } finally {
    await registry.stop();
  }
});

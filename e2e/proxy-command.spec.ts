/** Nodes behind a ProxyCommand of the SSH configuration: who is asked, what is run, and that nothing of it is left. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type App, createApp } from '../electron/app.ts';
import { expandCommand } from '../electron/ssh/ssh-config/proxy-command.ts';
import { configFiles } from '../electron/ssh/ssh-config/read.ts';
import { resolveHost } from '../electron/ssh/ssh-config/resolve.ts';
import type { AppEvent, CallInput, CallName, CallOutput } from '../shared/contract.ts';
import type { NodeStatus } from '../shared/node.ts';
import type { Answer, QuestionOf } from '../shared/question.ts';
import { makeProject, Person, theLab } from './harness.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';

const root = resolve(import.meta.dirname, '..');
const lab = await theLab();
const target = lab.node('amd-a');

let person: Person;
let config: string;
/** Where the command says what it is, a line for each time that it is run. */
let pids: string;
let events: AppEvent[];
let asked: QuestionOf<'proxy-command'>[];
let answers: Answer[];
let running: App | undefined;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'proxy-command-'));
  config = join(folder, 'config');
  pids = join(folder, 'pids');
  person = await Person.create({ BARNRAISER_SSH_CONFIG: config });
  await writeFile(person.knownHosts, await readFile(target.knownHosts));
  await writeFile(pids, '');
  await writeFile(
    join(folder, 'netcat.cjs'),
    `const [, , host, port] = process.argv;
    require('node:fs').appendFileSync(${JSON.stringify(pids)}, process.pid + '\\n');
    const line = require('node:net').connect(port, host);
    process.stdin.pipe(line);
    line.pipe(process.stdout);
    line.on('error', (error) => { console.error('netcat: ' + error.message); process.exitCode = 7; });`,
  );
  await configure(`${process.execPath} ${join(folder, 'netcat.cjs')} %h %p`);
  [events, asked, answers] = [[], [], []];
  vi.stubEnv('SSH_AUTH_SOCK', '');
  vi.stubEnv('BARNRAISER_KNOWN_HOSTS', person.knownHosts);
  vi.stubEnv('BARNRAISER_SSH_CONFIG', config);
});

afterEach(async () => {
  await close();
  await expect.poll(left, { timeout: 10_000 }).toEqual([]);
  vi.unstubAllEnvs();
  await person.remove();
  await rm(resolve(config, '..'), { recursive: true });
});

async function configure(command: string, port = target.port): Promise<void> {
  await writeFile(
    config,
    `Host goal\n  HostName 127.0.0.1\n  User root\n  Port ${port}\n  IdentityFile ${target.identity}\n  IdentitiesOnly yes\n  ProxyCommand ${command}\n`,
  );
}

async function started(): Promise<number[]> {
  return (await readFile(pids, 'utf8')).split('\n').filter(Boolean).map(Number);
}

/** The commands that run still. */
async function left(): Promise<number[]> {
  return (await started()).filter((pid) => existsSync(`/proc/${pid}/cmdline`) && isThere(pid));
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The app, in which a person answers as it is said; where nothing is said any more, they refuse. */
async function app(): Promise<App> {
  if (!running) {
    const opened = await createApp({ frontEnd: 'browser', home: person.home });
    opened.subscribe((event) => {
      events.push(event);
      if (event.event === 'question.asked' && event.question.kind === 'proxy-command') {
        asked.push(event.question);
        void opened.call('questions.answer', { id: event.question.id, answer: answers.shift() ?? 'refuse' });
      }
    });
    running = opened;
  }
  return running;
}

async function close(): Promise<void> {
  await running?.close();
  running = undefined;
}

async function call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const result = await (await app()).call(name, input);
  return result.ok ? result.value : expect.fail(JSON.stringify(result.problem));
}

const addFar = () => call('connections.add', { name: 'far', uri: 'ssh://goal/run/podman/podman.sock' });

async function probe(): Promise<NodeStatus> {
  const [status] = await call('nodes.probe', { connections: ['far'] });
  return status ?? expect.fail('nothing was probed');
}

async function problem() {
  const status = await probe();
  return status.state === 'down' ? status.problem : expect.fail('it is up');
}

test('a person who allows it once builds there, is not asked again, and is asked in the next run of the app', async () => {
  await addFar();
  answers = ['once'];
  expect(await probe()).toMatchObject({ state: 'up' });
  expect(asked).toMatchObject([{ connection: 'far', host: 'goal', file: config, line: 7 }]);
  expect(asked[0]?.command).toMatch(new RegExp(`netcat\\.cjs 127\\.0\\.0\\.1 ${target.port}$`));

  const context = await makeProject({ Containerfile: `${lab.from}RUN echo far > /far\n` });
  const { id } = await call('builds.start', { context, reference: 'far:1', connections: ['far'] });
  await vi.waitFor(() => expect(events.some(({ event }) => event === 'build.finished')).toBe(true), 60_000);
  expect(await call('builds.get', { id })).toMatchObject({ status: 'done' });
  await rm(context, { recursive: true });
  expect(asked).toHaveLength(1);
  expect(await call('commands.list', {})).toEqual([]);
  expect(await left()).toHaveLength(1);

  await close();
  await expect.poll(left).toEqual([]);
  expect(await problem()).toMatchObject({ code: 'ssh.cancelled' });
  expect(asked).toHaveLength(2);
  expect(await started()).toHaveLength(1);
});

test('what is always allowed is run in the next run of the app too, until it is changed or forgotten', async () => {
  await addFar();
  answers = ['trust'];
  expect(await probe()).toMatchObject({ state: 'up' });
  const [allowed] = await call('commands.list', {});
  expect(allowed).toEqual({ host: 'goal', command: expect.stringMatching(/netcat\.cjs %h %p$/) });
  await close();

  expect(await probe()).toMatchObject({ state: 'up' });
  expect(asked).toHaveLength(1);
  await close();

  const command = allowed?.command ?? '';
  await configure(`${command} changed`);
  expect(await problem()).toMatchObject({ code: 'ssh.cancelled', message: expect.stringContaining('changed') });
  await close();
  await configure(command);
  expect(await probe()).toMatchObject({ state: 'up' });
  await close();

  await call('commands.forget', { host: 'goal', command });
  expect(await problem()).toMatchObject({ code: 'ssh.cancelled' });
  expect(asked).toHaveLength(3);
});

test.each(['', '  HostKeyAlias Alias\n'])('ssh puts the same in for its tokens %j', async (more) => {
  const said = join(config, '..', 'said');
  // in a shell of its own, which keeps the output open until all is written: ssh ends what has closed it
  await configure(`sh -c 'echo "100%% h=%h k=%k n=%n p=%p r=%r" >${said}'`);
  await appendFile(config, more);
  // it ends at once, and nothing was said that ssh could use
  await expect(promisify(execFile)('ssh', ['-F', config, 'goal'])).rejects.toThrow();
  const { proxyCommand } = await resolveHost('goal', { files: configFiles(config) });
  const ours = proxyCommand && expandCommand(proxyCommand);
  expect(ours).toBe(`sh -c 'echo "${(await readFile(said, 'utf8')).trim()}" >${said}'`);
});

test('a command that fails is told with what it said', async () => {
  await addFar();
  await configure((await readFile(config, 'utf8')).split('ProxyCommand ')[1]?.trim() ?? '', 1);
  answers = ['once'];
  expect(await problem()).toMatchObject({
    code: 'ssh.unreachable',
    message: expect.stringMatching(
      /the ProxyCommand `.*netcat.cjs 127.0.0.1 1` ended with exit code 7 before the SSH handshake was over/,
    ),
    detail: expect.stringContaining('netcat: connect ECONNREFUSED'),
  });
});

test('a line whose command ends is lost, and comes back by the same command without a question', async () => {
  await addFar();
  answers = ['once'];
  expect(await probe()).toMatchObject({ state: 'up' });
  const [first = 0] = await left();
  process.kill(first);
  const isDown = (event: AppEvent) => event.event === 'node.changed' && event.status.state === 'down';
  await vi.waitFor(() => expect(events.some(isDown)).toBe(true), 10_000);
  await vi.waitFor(async () => expect(await call('nodes.list', {})).toMatchObject([{ state: 'up' }]), 30_000);
  expect(asked).toHaveLength(1);
  expect(await started()).toHaveLength(2);
  expect(await left()).toHaveLength(1);
});

describe('a check', () => {
  const far = () =>
    call('connections.check', { name: 'far' }).then(({ steps: rungs }) =>
      rungs
        .filter(({ state }) => state !== 'waiting')
        .map(({ stage, state, said, problem: why }) => [stage, state, why?.code ?? said]),
    );

  test('asks as well, and says what it went through', async () => {
    await addFar();
    answers = ['refuse', 'once'];
    await writeFile(config, (await readFile(config, 'utf8')).replace('127.0.0.1', 'localhost'));
    await writeFile(
      person.knownHosts,
      (await readFile(target.knownHosts, 'utf8')).replaceAll('127.0.0.1', 'localhost'),
    );
    expect(await far()).toEqual([['name', 'failed', 'ssh.cancelled']]);
    expect(await started()).toEqual([]);
    expect((await far()).slice(0, 3)).toEqual([
      ['name', 'passed', 'looked up by its ProxyCommand'],
      ['port', 'passed', expect.stringMatching(/^through `.*`$/)],
      ['host-key', 'passed', expect.stringMatching(/, known$/)],
    ]);
    await expect.poll(left).toEqual([]);
  });

  test('puts a command that fails where the port would be', async () => {
    await addFar();
    await configure('sh -c "echo no such tunnel >&2; exit 1"');
    answers = ['once'];
    expect(await far()).toEqual([
      ['name', 'passed', 'an address already'],
      ['port', 'failed', 'ssh.unreachable'],
    ]);
  });
});

describe.skipIf(!existsSync('/usr/bin/script'))('at a terminal', () => {
  const barnraiser = (...args: string[]): PseudoTerminal =>
    new PseudoTerminal([process.execPath, '--import', 'tsx', join(root, 'electron', 'cli.ts'), ...args], {
      cwd: root,
      env: { ...process.env, BARNRAISER_HOME: person.home },
    });

  test('a person is asked, and no more where they have said yes', async () => {
    await person.must('connection', 'add', 'far', 'ssh://goal/run/podman/podman.sock', '--no-test');
    const refusing = barnraiser('connection', 'test', 'far');
    await refusing.sees('The SSH configuration reaches goal (far) by running a command of');
    await refusing.sees('Run it (yes/no/once)? ');
    refusing.types('no\n');
    expect(await refusing.ends()).toBe(1);
    expect(await started()).toEqual([]);

    const allowing = barnraiser('connection', 'test', 'far');
    await allowing.sees(`netcat.cjs 127.0.0.1 ${target.port}`);
    await allowing.sees('Run it (yes/no/once)? ');
    allowing.types('yes\n');
    expect(await allowing.ends(), allowing.screen).toBe(0);
    expect(await left()).toEqual([]);

    // with nobody there to ask
    await person.must('connection', 'test', 'far');
    expect(await person.must('status', '--json')).toContain('"up"');
    expect(await left()).toEqual([]);
  });
});

test('nothing is left when our process is interrupted or killed in the middle', async () => {
  await addFar();
  answers = ['trust'];
  await probe();
  await close();
  const context = await makeProject({ Containerfile: `${lab.from}RUN sleep 120\n` });
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    const build = person.start('build', '-t', 'far:2', '--node', 'far', '--json', context);
    await build.line((line) => line.includes('sleep 120'));
    expect(await left()).toHaveLength(1);
    build.process.kill(signal);
    await build.ended;
    await expect.poll(left, { timeout: 10_000 }).toEqual([]);
  }
  await rm(context, { recursive: true });
});

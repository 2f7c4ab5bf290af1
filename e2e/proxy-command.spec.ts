/** Nodes behind a ProxyCommand of the SSH configuration: the questions, the commands that run, and that no process is left. */
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
import { makeProject, Person, setUpLab } from './harness.ts';
import { PseudoTerminal } from './pseudo-terminal.ts';

const root = resolve(import.meta.dirname, '..');
const lab = await setUpLab();
const target = lab.node('amd-a');

let person: Person;
let config: string;
/** The file to which the command appends its pid when it starts. */
let pids: string;
let events: AppEvent[];
let questions: QuestionOf<'proxy-command'>[];
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
    const socket = require('node:net').connect(port, host);
    process.stdin.pipe(socket);
    socket.pipe(process.stdout);
    socket.on('error', (error) => { console.error('netcat: ' + error.message); process.exitCode = 7; });`,
  );
  await configure(`${process.execPath} ${join(folder, 'netcat.cjs')} %h %p`);
  [events, questions, answers] = [[], [], []];
  vi.stubEnv('SSH_AUTH_SOCK', '');
  vi.stubEnv('BARNRAISER_KNOWN_HOSTS', person.knownHosts);
  vi.stubEnv('BARNRAISER_SSH_CONFIG', config);
});

afterEach(async () => {
  await closeApp();
  await expect.poll(runningCommands, { timeout: 10_000 }).toEqual([]);
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

async function startedCommands(): Promise<number[]> {
  return (await readFile(pids, 'utf8')).split('\n').filter(Boolean).map(Number);
}

/** The pids of commands that are running. */
async function runningCommands(): Promise<number[]> {
  return (await startedCommands()).filter((pid) => existsSync(`/proc/${pid}/cmdline`) && isRunning(pid));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Opens the app if it is not open. It answers questions with {@link answers}, and with a refusal when there are no more. */
async function openApp(): Promise<App> {
  if (!running) {
    const opened = await createApp({ frontEnd: 'browser', home: person.home });
    opened.subscribe((event) => {
      events.push(event);
      if (event.event === 'question.asked' && event.question.kind === 'proxy-command') {
        questions.push(event.question);
        void opened.call('questions.answer', { id: event.question.id, answer: answers.shift() ?? 'refuse' });
      }
    });
    running = opened;
  }
  return running;
}

async function closeApp(): Promise<void> {
  await running?.close();
  running = undefined;
}

async function call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
  const result = await (await openApp()).call(name, input);
  return result.ok ? result.value : expect.fail(JSON.stringify(result.problem));
}

const addFar = () => call('connections.add', { name: 'far', uri: 'ssh://goal/run/podman/podman.sock' });

async function probe(): Promise<NodeStatus> {
  const [status] = await call('nodes.probe', { connections: ['far'] });
  return status ?? expect.fail('No node was probed.');
}

async function probeProblem() {
  const status = await probe();
  return status.state === 'down' ? status.problem : expect.fail('The node is up.');
}

test('a command that is allowed once runs until the app is closed, and the app asks again in its next run', async () => {
  await addFar();
  answers = ['once'];
  expect(await probe()).toMatchObject({ state: 'up' });
  expect(questions).toMatchObject([{ connection: 'far', host: 'goal', file: config, line: 7 }]);
  expect(questions[0]?.command).toMatch(new RegExp(`netcat\\.cjs 127\\.0\\.0\\.1 ${target.port}$`));

  const context = await makeProject({ Containerfile: `${lab.from}RUN echo far > /far\n` });
  const { id } = await call('builds.start', { context, reference: 'far:1', connections: ['far'] });
  await vi.waitFor(() => expect(events.some(({ event }) => event === 'build.finished')).toBe(true), 60_000);
  expect(await call('builds.get', { id })).toMatchObject({ status: 'done' });
  await rm(context, { recursive: true });
  expect(questions).toHaveLength(1);
  expect(await call('commands.list', {})).toEqual([]);
  expect(await runningCommands()).toHaveLength(1);

  await closeApp();
  await expect.poll(runningCommands).toEqual([]);
  expect(await probeProblem()).toMatchObject({ code: 'ssh.cancelled' });
  expect(questions).toHaveLength(2);
  expect(await startedCommands()).toHaveLength(1);
});

test('a command that is always allowed runs in the next run of the app, until it changes or is removed', async () => {
  await addFar();
  answers = ['trust'];
  expect(await probe()).toMatchObject({ state: 'up' });
  const [allowed] = await call('commands.list', {});
  expect(allowed).toEqual({ host: 'goal', command: expect.stringMatching(/netcat\.cjs %h %p$/) });
  await closeApp();

  expect(await probe()).toMatchObject({ state: 'up' });
  expect(questions).toHaveLength(1);
  await closeApp();

  const command = allowed?.command ?? '';
  await configure(`${command} changed`);
  expect(await probeProblem()).toMatchObject({ code: 'ssh.cancelled', message: expect.stringContaining('changed') });
  await closeApp();
  await configure(command);
  expect(await probe()).toMatchObject({ state: 'up' });
  await closeApp();

  await call('commands.forget', { host: 'goal', command });
  expect(await probeProblem()).toMatchObject({ code: 'ssh.cancelled' });
  expect(questions).toHaveLength(3);
});

test.each(['', '  HostKeyAlias Alias\n'])('tokens are expanded as ssh expands them, with %j', async (more) => {
  const outputFile = join(config, '..', 'output');
  // ssh kills a command that closes its output; the additional shell keeps the output open until the file is written
  await configure(`sh -c 'echo "100%% h=%h k=%k n=%n p=%p r=%r" >${outputFile}'`);
  await appendFile(config, more);
  // ssh fails, since the command ends without an SSH server
  await expect(promisify(execFile)('ssh', ['-F', config, 'goal'])).rejects.toThrow();
  const { proxyCommand } = await resolveHost('goal', { files: configFiles(config) });
  const ours = proxyCommand && expandCommand(proxyCommand);
  expect(ours).toBe(`sh -c 'echo "${(await readFile(outputFile, 'utf8')).trim()}" >${outputFile}'`);
});

test('a failed command is reported with its exit code and output', async () => {
  await addFar();
  await configure((await readFile(config, 'utf8')).split('ProxyCommand ')[1]?.trim() ?? '', 1);
  answers = ['once'];
  expect(await probeProblem()).toMatchObject({
    code: 'ssh.unreachable',
    message: expect.stringMatching(
      /the ProxyCommand `.*netcat.cjs 127.0.0.1 1` ended with exit code 7 before the SSH handshake was complete/,
    ),
    detail: expect.stringContaining('netcat: connect ECONNREFUSED'),
  });
});

test('a connection whose command ends is lost, and is reconnected with the same command without a question', async () => {
  await addFar();
  answers = ['once'];
  expect(await probe()).toMatchObject({ state: 'up' });
  const [first = 0] = await runningCommands();
  process.kill(first);
  const isDown = (event: AppEvent) => event.event === 'node.changed' && event.status.state === 'down';
  await vi.waitFor(() => expect(events.some(isDown)).toBe(true), 10_000);
  await vi.waitFor(async () => expect(await call('nodes.list', {})).toMatchObject([{ state: 'up' }]), 30_000);
  expect(questions).toHaveLength(1);
  expect(await startedCommands()).toHaveLength(2);
  expect(await runningCommands()).toHaveLength(1);
});

describe('a check', () => {
  const checkFar = () =>
    call('connections.check', { name: 'far' }).then(({ steps }) =>
      steps
        .filter(({ state }) => state !== 'waiting')
        .map(({ stage, state, finding, problem }) => [stage, state, problem?.code ?? finding]),
    );

  test('asks before it runs the command, and names the command', async () => {
    await addFar();
    answers = ['refuse', 'once'];
    await writeFile(config, (await readFile(config, 'utf8')).replace('127.0.0.1', 'localhost'));
    await writeFile(
      person.knownHosts,
      (await readFile(target.knownHosts, 'utf8')).replaceAll('127.0.0.1', 'localhost'),
    );
    expect(await checkFar()).toEqual([['name', 'failed', 'ssh.cancelled']]);
    expect(await startedCommands()).toEqual([]);
    expect((await checkFar()).slice(0, 3)).toEqual([
      ['name', 'passed', 'resolved by the ProxyCommand'],
      ['port', 'passed', expect.stringMatching(/^via `.*`$/)],
      ['host-key', 'passed', expect.stringMatching(/, known$/)],
    ]);
    await expect.poll(runningCommands).toEqual([]);
  });

  test('fails at the port if the command fails', async () => {
    await addFar();
    await configure('sh -c "echo no such tunnel >&2; exit 1"');
    answers = ['once'];
    expect(await checkFar()).toEqual([
      ['name', 'passed', 'IP address'],
      ['port', 'failed', 'ssh.unreachable'],
    ]);
  });
});

describe.skipIf(!existsSync('/usr/bin/script'))('in a terminal', () => {
  const barnraiser = (...args: string[]): PseudoTerminal =>
    new PseudoTerminal([process.execPath, join(root, 'out', 'main', 'cli.cjs'), ...args], {
      cwd: root,
      env: { ...process.env, BARNRAISER_HOME: person.home },
    });

  test('the app asks before it runs the command, and not again after "yes"', async () => {
    await person.mustRun('connection', 'add', 'far', 'ssh://goal/run/podman/podman.sock', '--no-test');
    const refusing = barnraiser('connection', 'test', 'far');
    await refusing.waitFor('The SSH configuration connects to goal (far) through a command from');
    await refusing.waitFor('Run it (yes/no/once)? ');
    refusing.type('no\n');
    expect(await refusing.waitForExit()).toBe(1);
    expect(await startedCommands()).toEqual([]);

    const allowing = barnraiser('connection', 'test', 'far');
    await allowing.waitFor(`netcat.cjs 127.0.0.1 ${target.port}`);
    await allowing.waitFor('Run it (yes/no/once)? ');
    allowing.type('yes\n');
    expect(await allowing.waitForExit(), allowing.output).toBe(0);
    expect(await runningCommands()).toEqual([]);

    // without a terminal
    await person.mustRun('connection', 'test', 'far');
    expect(await person.mustRun('status', '--json')).toContain('"up"');
    expect(await runningCommands()).toEqual([]);
  });
});

test('no command keeps running when our process is interrupted or killed during a build', async () => {
  await addFar();
  answers = ['trust'];
  await probe();
  await closeApp();
  const context = await makeProject({ Containerfile: `${lab.from}RUN sleep 120\n` });
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    const build = person.start('build', '-t', 'far:2', '--node', 'far', '--json', context);
    await build.waitForLine((line) => line.includes('sleep 120'));
    expect(await runningCommands()).toHaveLength(1);
    build.process.kill(signal);
    await build.ended;
    await expect.poll(runningCommands, { timeout: 10_000 }).toEqual([]);
  }
  await rm(context, { recursive: true });
});

/**
 * What a person does with a machine of their own that has podman and nothing else prepared: systemd, a user without root, no
 * socket, no lingering. One story from top to bottom: each test finds the machine as the one before has left it.
 */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkOf, makeProject, Person, theLab } from './harness.ts';
import { type Machine, startMachine, whyNoMachine } from './lab/lab.ts';
import { until } from './lab/until.ts';

const whyNot = await whyNoMachine();
if (whyNot !== undefined) {
  console.log(`*** skipped: a machine with systemd cannot be had here. ${whyNot} ***`);
}

/** systemd ends a user's services ten seconds after the last session. */
const leavingMs = 60_000;
const socket = '/run/user/1000/podman/podman.sock';

describe.skipIf(whyNot !== undefined)('a machine with systemd and a user without root', () => {
  let from: string;
  let machine: Machine;
  let person: Person;
  let folder: string;
  const projects: string[] = [];

  const project = async (steps: string): Promise<string> => {
    const made = await makeProject({ Containerfile: `${from}${steps}` });
    projects.push(made);
    return made;
  };
  const uriOf = (user: string, path = ''): string => `ssh://${user}@127.0.0.1:${machine.port}${path}`;
  const connect = (name: string, uri: string): Promise<string> =>
    person.must('connection', 'add', name, uri, '--identity', machine.identity, '--no-test');
  const answers = async (command: string): Promise<boolean> => (await machine.asRoot(command)).code === 0;
  const isGone = (path: string): Promise<boolean> => answers(`! ls -d ${path} 2>/dev/null`);

  beforeAll(async () => {
    ({ from } = await theLab());
    machine = await startMachine();
    person = await Person.create();
    folder = await project('RUN id -u > /builder && head -c 3000000 /dev/urandom > /large\n');
  }, 900_000);
  afterAll(async () => {
    await machine?.stop();
    await person?.remove();
    await Promise.all(projects.map((each) => rm(each, { recursive: true })));
  });

  test('is what it claims to be: systemd is process 1, and podman is rootless with crun on cgroup v2', async () => {
    expect((await machine.asRoot('cat /proc/1/comm')).stdout).toBe('systemd\n');
    const format = '{{.Host.Security.Rootless}} {{.Host.OCIRuntime.Name}} {{.Host.CgroupsVersion}}';
    expect((await machine.signIn('pi', `podman info --format '${format}'`)).stdout).toBe('true crun v2\n');
    expect((await machine.signIn('pi', 'sudo -n true')).code).not.toBe(0);
  });

  test('has no socket at first, which the test says together with the fix', async () => {
    await connect('pi', uriOf('pi', socket));
    const { code, stdout, stderr } = await person.barnraiser('connection', 'test', 'pi', '--accept-new-host-keys');
    expect(code).toBe(1);
    expect(stdout + stderr).toContain(socket);
    expect(stdout + stderr).toContain('barnraiser connection fix pi enable-socket');
    const { steps: rungs } = checkOf(await person.barnraiser('connection', 'test', 'pi', '--json'));
    expect(rungs.find(({ stage }) => stage === 'sign-in')?.state).toBe('passed');
    const rung = rungs.find(({ stage }) => stage === 'socket');
    expect(rung).toMatchObject({ state: 'failed', problem: { code: 'engine.no-socket' } });
    expect(rung?.fixes).toContainEqual(
      expect.objectContaining({ fix: 'enable-socket', command: 'systemctl --user enable --now podman.socket' }),
    );
  });

  test('has a socket after the fix, and is warned that it ends with the last login', async () => {
    const outcome = await person.barnraiser('connection', 'fix', 'pi', 'enable-socket', '--json');
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0);
    expect(await answers('test -L /home/pi/.config/systemd/user/sockets.target.wants/podman.socket')).toBe(true);
    const { status, steps: rungs } = checkOf(outcome);
    expect(status).toBe('passed');
    const engine = rungs.find(({ stage }) => stage === 'engine');
    expect(engine?.said).toContain('rootless');
    expect(engine?.state).toBe('warned');
    expect(engine?.fixes).toContainEqual(expect.objectContaining({ fix: 'enable-linger' }));
    expect(rungs.filter(({ state }) => state === 'failed' || state === 'waiting')).toEqual([]);
  });

  test('builds without root, and from its cache brings no layer back again', async () => {
    const first = await person.build('-t', 'rootless:1', '--node', 'pi', folder);
    expect(first.outcome.code, first.outcome.stderr).toBe(0);
    expect(first.build.jobs[0]).toMatchObject({ status: 'done', transfer: 'push', platform: 'linux/amd64' });
    expect(first.build.jobs[0]?.bytesReceived).toBeGreaterThan(3_000_000);
    const second = await person.build('-t', 'rootless:2', '--node', 'pi', folder);
    expect(second.outcome.code, second.outcome.stderr).toBe(0);
    expect(second.build.jobs[0]?.steps.some(({ cached }) => cached)).toBe(true);
    expect(second.build.jobs[0]?.bytesReceived).toBeLessThan(10_000);
  });

  test('stops the steps of a build that is cancelled, as a user who may not see everything', async () => {
    const slow = await project('RUN echo begun; sleep 4321\n');
    const running = person.start('build', '--json', '-t', 'slow:1', '--node', 'pi', slow);
    await running.line((line) => line.includes('"job.log"') && line.includes('"begun"'));
    const sleeps = () => answers('pgrep --exact --full "sleep 4321"');
    expect(await sleeps()).toBe(true);
    running.process.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(130);
    expect(await sleeps()).toBe(false);
    const left = await machine.signIn('pi', 'podman ps --all --external --quiet');
    expect(left).toMatchObject({ code: 0, stdout: '' });
  });

  test('builds again after the last login has ended and taken the socket with it', async () => {
    expect(await until(() => isGone(socket), leavingMs), 'the socket ends with the last login').toBe(true);
    const { outcome, build } = await person.build('-t', 'rootless:3', '--node', 'pi', folder);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(build.jobs[0]?.bytesReceived).toBeLessThan(10_000);
  });

  test('keeps the socket without a login after the fix, and is warned no longer', async () => {
    const outcome = await person.barnraiser('connection', 'fix', 'pi', 'enable-linger', '--json');
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0);
    const { steps: rungs } = checkOf(outcome);
    expect(rungs.find(({ stage }) => stage === 'engine')?.state).toBe('passed');
    expect(await answers('test -e /var/lib/systemd/linger/pi')).toBe(true);
    const noSession = () => answers('! loginctl list-sessions --no-legend | grep -w pi | grep -vw manager');
    expect(await until(noSession, leavingMs)).toBe(true);
    // what would end with the login ends within what systemd waits
    expect(await until(() => isGone(socket), 15_000), 'the socket stays').toBe(false);
  });

  test('on whose socket nobody listens any more is told so, and listens again after the fix', async () => {
    // systemd leaves the file of a socket behind when it stops listening
    const stopped = await machine.signIn('pi', 'systemctl --user stop podman.socket podman.service');
    expect(stopped.code, stopped.stderr).toBe(0);
    const { status, steps: rungs } = checkOf(await person.barnraiser('connection', 'test', 'pi', '--json'));
    expect(status).toBe('failed');
    const rung = rungs.find(({ stage }) => stage === 'socket');
    expect(rung?.problem?.message).toContain(`nobody listens on the socket ${socket}`);
    expect(rung?.fixes).toContainEqual(expect.objectContaining({ fix: 'start-service' }));
    const fixed = await person.barnraiser('connection', 'fix', 'pi', 'start-service', '--json');
    expect(fixed.code, fixed.stdout + fixed.stderr).toBe(0);
    expect(checkOf(fixed).status).toBe('passed');
  });

  test('builds where the socket is disabled and the URI names none, and keeps nothing of the engine that was started', async () => {
    const disable = 'systemctl --user disable --now podman.socket; systemctl --user stop podman.service';
    const disabled = await machine.signIn('pi', `${disable}; loginctl disable-linger`);
    expect(disabled.code, disabled.stderr).toBe(0);
    await connect('bare', uriOf('pi'));
    const check = checkOf(await person.barnraiser('connection', 'test', 'bare', '--json'));
    expect(check.status, JSON.stringify(check.steps)).toBe('passed');
    expect(check.steps.find(({ stage }) => stage === 'socket')?.said).toContain('started by its command');
    const { outcome, build } = await person.build('-t', 'on-demand:1', '--node', 'bare', folder);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(build.jobs[0]).toMatchObject({ status: 'done', transfer: 'push' });
    // what holds podman's user namespace until the user leaves is any podman command's doing, not a service
    expect((await machine.asRoot('pgrep --euid pi --list-full --full "system service"')).stdout).toBe('');
    expect(await isGone('/run/user/1000/barnraiser-*')).toBe(true);
    expect(await until(() => isGone('/run/user/1000'), leavingMs), 'nothing keeps pi signed in').toBe(true);
    expect((await machine.asRoot('pgrep --euid pi --list-full')).stdout).toBe('');
  });

  test('builds as root just the same', async () => {
    await connect('root', uriOf('root', '/run/podman/podman.sock'));
    const before = await person.barnraiser('connection', 'test', 'root', '--json');
    expect(before.code).toBe(1);
    expect(checkOf(before).steps.find(({ stage }) => stage === 'socket')?.fixes).toContainEqual(
      expect.objectContaining({ fix: 'enable-socket', command: 'systemctl enable --now podman.socket' }),
    );
    const fixed = await person.barnraiser('connection', 'fix', 'root', 'enable-socket', '--json');
    expect(fixed.code, fixed.stdout + fixed.stderr).toBe(0);
    // root's services live as long as the machine
    expect(checkOf(fixed).steps.find(({ stage }) => stage === 'engine')?.state).toBe('passed');
    const { outcome, build } = await person.build('-t', 'rootful:1', '--node', 'root', folder);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(build.jobs[0]).toMatchObject({ status: 'done', transfer: 'push' });
  });
});

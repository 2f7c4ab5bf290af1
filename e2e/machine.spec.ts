/**
 * A machine as users have it: systemd, podman, a user without root privileges, podman's socket not enabled, lingering not
 * enabled. The tests run in order: each begins with the machine as the previous test has left it.
 */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, Person, parseCheckReport, setUpLab } from './harness.ts';
import { findMachineObstacle, type Machine, startMachine } from './lab/lab.ts';
import { waitUntil } from './lab/wait.ts';

const obstacle = await findMachineObstacle();
if (obstacle !== undefined) {
  console.log(`*** skipped: this host cannot run a machine with systemd. ${obstacle} ***`);
}

/** systemd ends a user's services ten seconds after the last session. */
const logoutTimeoutMs = 60_000;
const socket = '/run/user/1000/podman/podman.sock';

describe.skipIf(obstacle !== undefined)('a machine with systemd and a user without root', () => {
  let from: string;
  let machine: Machine;
  let person: Person;
  let folder: string;
  const projects: string[] = [];

  const createProject = async (steps: string): Promise<string> => {
    const projectFolder = await makeProject({ Containerfile: `${from}${steps}` });
    projects.push(projectFolder);
    return projectFolder;
  };
  const uriOf = (user: string, path = ''): string => `ssh://${user}@127.0.0.1:${machine.port}${path}`;
  const addConnection = (name: string, uri: string): Promise<string> =>
    person.mustRun('connection', 'add', name, uri, '--identity', machine.identity, '--no-test');
  const succeeds = async (command: string): Promise<boolean> => (await machine.asRoot(command)).code === 0;
  const isGone = (path: string): Promise<boolean> => succeeds(`! ls -d ${path} 2>/dev/null`);

  beforeAll(async () => {
    ({ from } = await setUpLab());
    machine = await startMachine();
    person = await Person.create();
    folder = await createProject('RUN id -u > /builder && head -c 3000000 /dev/urandom > /large\n');
  }, 900_000);
  afterAll(async () => {
    await machine?.stop();
    await person?.remove();
    await Promise.all(projects.map((each) => rm(each, { recursive: true })));
  });

  test('has systemd as process 1, and rootless podman with crun on cgroup v2', async () => {
    expect((await machine.asRoot('cat /proc/1/comm')).stdout).toBe('systemd\n');
    const format = '{{.Host.Security.Rootless}} {{.Host.OCIRuntime.Name}} {{.Host.CgroupsVersion}}';
    expect((await machine.signIn('pi', `podman info --format '${format}'`)).stdout).toBe('true crun v2\n');
    expect((await machine.signIn('pi', 'sudo -n true')).code).not.toBe(0);
  });

  test('has no socket at first, and the check suggests a fix', async () => {
    await addConnection('pi', uriOf('pi', socket));
    const { code, stdout, stderr } = await person.barnraiser('connection', 'test', 'pi', '--accept-new-host-keys');
    expect(code).toBe(1);
    expect(stdout + stderr).toContain(socket);
    expect(stdout + stderr).toContain('barnraiser connection fix pi enable-socket');
    const { steps } = parseCheckReport(await person.barnraiser('connection', 'test', 'pi', '--json'));
    expect(steps.find(({ stage }) => stage === 'sign-in')?.state).toBe('passed');
    const step = steps.find(({ stage }) => stage === 'socket');
    expect(step).toMatchObject({ state: 'failed', problem: { code: 'engine.no-socket' } });
    expect(step?.fixes).toContainEqual(
      expect.objectContaining({ fix: 'enable-socket', command: 'systemctl --user enable --now podman.socket' }),
    );
  });

  test('has a socket after the fix, with a warning that it ends with the last login', async () => {
    const outcome = await person.barnraiser('connection', 'fix', 'pi', 'enable-socket', '--json');
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0);
    expect(await succeeds('test -L /home/pi/.config/systemd/user/sockets.target.wants/podman.socket')).toBe(true);
    const { status, steps } = parseCheckReport(outcome);
    expect(status).toBe('passed');
    const engine = steps.find(({ stage }) => stage === 'engine');
    expect(engine?.finding).toContain('rootless');
    expect(engine?.state).toBe('warned');
    expect(engine?.fixes).toContainEqual(expect.objectContaining({ fix: 'enable-linger' }));
    expect(steps.filter(({ state }) => state === 'failed' || state === 'waiting')).toEqual([]);
  });

  test('builds without root, and does not transfer layers of cached steps again', async () => {
    const first = await person.build('-t', 'rootless:1', '--node', 'pi', folder);
    expect(first.outcome.code, first.outcome.stderr).toBe(0);
    expect(first.build.jobs[0]).toMatchObject({ status: 'done', transfer: 'push', platform: 'linux/amd64' });
    expect(first.build.jobs[0]?.bytesReceived).toBeGreaterThan(3_000_000);
    const second = await person.build('-t', 'rootless:2', '--node', 'pi', '--no-skip', folder);
    expect(second.outcome.code, second.outcome.stderr).toBe(0);
    expect(second.build.jobs[0]?.steps.some(({ cached }) => cached)).toBe(true);
    expect(second.build.jobs[0]?.bytesReceived).toBeLessThan(10_000);
  });

  test('stops the steps of a cancelled build without root', async () => {
    const slow = await createProject('RUN echo begun; sleep 4321\n');
    const running = person.start('build', '--json', '-t', 'slow:1', '--node', 'pi', slow);
    await running.waitForLine((line) => line.includes('"job.log"') && line.includes('"begun"'));
    const sleeps = () => succeeds('pgrep --exact --full "sleep 4321"');
    expect(await sleeps()).toBe(true);
    running.process.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code, stderr).toBe(130);
    expect(await sleeps()).toBe(false);
    const left = await machine.signIn('pi', 'podman ps --all --external --quiet');
    expect(left).toMatchObject({ code: 0, stdout: '' });
  });

  test('builds again after the last login and the socket have ended', async () => {
    expect(await waitUntil(() => isGone(socket), logoutTimeoutMs), 'the socket ends with the last login').toBe(true);
    const { outcome, build } = await person.build('-t', 'rootless:3', '--node', 'pi', folder);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(build.jobs[0]?.bytesReceived).toBeLessThan(10_000);
  });

  test('keeps the socket without a login after the fix, without a warning', async () => {
    const outcome = await person.barnraiser('connection', 'fix', 'pi', 'enable-linger', '--json');
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(0);
    const { steps } = parseCheckReport(outcome);
    expect(steps.find(({ stage }) => stage === 'engine')?.state).toBe('passed');
    expect(await succeeds('test -e /var/lib/systemd/linger/pi')).toBe(true);
    const noSession = () => succeeds('! loginctl list-sessions --no-legend | grep -w pi | grep -vw manager');
    expect(await waitUntil(noSession, logoutTimeoutMs)).toBe(true);
    // without lingering, systemd would end the socket within this time
    expect(await waitUntil(() => isGone(socket), 15_000), 'the socket stays').toBe(false);
  });

  test('has a socket without a listener after the service was stopped, and works again after the fix', async () => {
    // systemd does not remove the socket file when it stops listening
    const stopped = await machine.signIn('pi', 'systemctl --user stop podman.socket podman.service');
    expect(stopped.code, stopped.stderr).toBe(0);
    const { status, steps } = parseCheckReport(await person.barnraiser('connection', 'test', 'pi', '--json'));
    expect(status).toBe('failed');
    const step = steps.find(({ stage }) => stage === 'socket');
    expect(step?.problem?.message).toContain(`no engine is listening on the socket ${socket}`);
    expect(step?.fixes).toContainEqual(expect.objectContaining({ fix: 'start-service' }));
    const fixed = await person.barnraiser('connection', 'fix', 'pi', 'start-service', '--json');
    expect(fixed.code, fixed.stdout + fixed.stderr).toBe(0);
    expect(parseCheckReport(fixed).status).toBe('passed');
  });

  test('builds without a socket with a podman service that is started on demand and removed afterwards', async () => {
    const disable = 'systemctl --user disable --now podman.socket; systemctl --user stop podman.service';
    const disabled = await machine.signIn('pi', `${disable}; loginctl disable-linger`);
    expect(disabled.code, disabled.stderr).toBe(0);
    await addConnection('bare', uriOf('pi'));
    const check = parseCheckReport(await person.barnraiser('connection', 'test', 'bare', '--json'));
    expect(check.status, JSON.stringify(check.steps)).toBe('passed');
    expect(check.steps.find(({ stage }) => stage === 'socket')?.finding).toContain('started on demand');
    const { outcome, build } = await person.build('-t', 'on-demand:1', '--node', 'bare', folder);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(build.jobs[0]).toMatchObject({ status: 'done', transfer: 'push' });
    // podman's pause process, which holds the user namespace, is not a service and stays until the logout
    expect((await machine.asRoot('pgrep --euid pi --list-full --full "system service"')).stdout).toBe('');
    expect(await isGone('/run/user/1000/barnraiser-*')).toBe(true);
    expect(await waitUntil(() => isGone('/run/user/1000'), logoutTimeoutMs), 'nothing keeps pi signed in').toBe(true);
    expect((await machine.asRoot('pgrep --euid pi --list-full')).stdout).toBe('');
  });

  test('also builds as root', async () => {
    await addConnection('root', uriOf('root', '/run/podman/podman.sock'));
    const before = await person.barnraiser('connection', 'test', 'root', '--json');
    expect(before.code).toBe(1);
    expect(parseCheckReport(before).steps.find(({ stage }) => stage === 'socket')?.fixes).toContainEqual(
      expect.objectContaining({ fix: 'enable-socket', command: 'systemctl enable --now podman.socket' }),
    );
    const fixed = await person.barnraiser('connection', 'fix', 'root', 'enable-socket', '--json');
    expect(fixed.code, fixed.stdout + fixed.stderr).toBe(0);
    // root's services do not end with a login
    expect(parseCheckReport(fixed).steps.find(({ stage }) => stage === 'engine')?.state).toBe('passed');
    const { outcome, build } = await person.build('-t', 'rootful:1', '--node', 'root', folder);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect(build.jobs[0]).toMatchObject({ status: 'done', transfer: 'push' });
  });
});

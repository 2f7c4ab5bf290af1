/**
 * A machine such as people have at home: systemd as process 1, cgroup v2, crun, and a user `pi` with a rootless podman whose
 * socket nobody has enabled yet. Each start begins anew. Its kernel and its network are the host's.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { asRoot, mustRun, type Outcome, run } from './command.ts';
import { fileExists } from './file-exists.ts';
import { checkHost } from './host-check.ts';
import { ensureClientKey, ensureKey, identityFile, writeWhole } from './keys.ts';
import { withLabLock } from './lock.ts';
import { sshdAnswers } from './node.ts';
import { childOf, endOwnProcess, findOwnProcess } from './own-process.ts';
import { ensurePackages } from './packages.ts';
import { demandFreePort } from './ports.ts';
import { step } from './progress.ts';
import { aptOptionsFile, debianMirror, scriptPath } from './root-file-system.ts';
import { labFolder, machinePort } from './settings.ts';
import { until } from './until.ts';

const folder = path.join(labFolder, 'machine');
const pidFile = path.join(folder, 'pid');
const makeScript = scriptPath('make-machine-root.sh');
/** It takes some five seconds, more on a busy host. */
const startPatienceMs = 120_000;
/** Time for its first process to appear. */
const graceMs = 5_000;
/** Who may sign in by the lab's key. */
const users = ['pi', 'root'] as const;
type User = (typeof users)[number];

export interface Machine {
  port: number;
  /** Private key file of the client, for `pi` and for `root`. */
  identity: string;
  /** known_hosts file that holds the machine's key and no other. */
  knownHosts: string;
  /** Runs a shell command as a person does who signs in, with a login session that ends with it. */
  signIn(user: User, command: string): Promise<Outcome>;
  /** Runs a shell command as root, past SSH and without a login session. */
  asRoot(command: string): Promise<Outcome>;
  stop(): Promise<void>;
}

/** Why this host cannot carry such a machine, as a sentence; nothing where it can. Changes nothing. */
export async function whyNoMachine(): Promise<string | undefined> {
  try {
    await checkHost();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const parent = (await fileExists(labFolder)) ? labFolder : tmpdir();
  const where = await mkdtemp(path.join(parent, 'machine-trial-'));
  try {
    const inside = 'mount -t cgroup2 cgroup2 "$0" && umount "$0" && mount -t tmpfs tmpfs "$0" && mknod "$0/null" c 1 3';
    const namespaces = ['unshare', '--fork', '--mount', '--uts', '--ipc', '--pid', '--cgroup'];
    const trial = await run(asRoot(...namespaces, 'sh', '-c', inside, where));
    if (trial.code !== 0) {
      return `The machine needs a cgroup v2 tree and devices of its own, which this host refuses (${trial.stderr.trim()}).`;
    }
    if ((await mustRun(['stat', '--file-system', '--format=%T', where])).trim() === 'overlayfs') {
      return `The machine's root is an overlay, which cannot lie on another: set BARNRAISER_LAB to a folder on a disk.`;
    }
    return undefined;
  } finally {
    await rmdir(where);
  }
}

/** Starts the machine anew, whatever one before it has become. Needs root or sudo, and what {@link whyNoMachine} tests. */
export function startMachine(): Promise<Machine> {
  return withLabLock(async () => {
    await mkdir(folder, { recursive: true });
    await ensurePackages();
    await ensureClientKey();
    const root = await ensureRoot();
    await stopMachine();
    await demandFreePort(machinePort, 'the machine with systemd', 'BARNRAISER_LAB_MACHINE_PORT');
    await mustRun(asRoot('rm', '-rf', '--one-file-system', path.join(folder, 'state')));
    const knownHosts = await writeKeys();
    await step('machine with systemd', async () => {
      await mustRun(asRoot('unshare', '--mount', 'bash', scriptPath('machine-start.sh'), root, folder));
      await untilRunning();
    });
    return {
      port: machinePort,
      identity: identityFile,
      knownHosts,
      signIn: (user, command) => run(sshCommand(user, knownHosts, command)),
      asRoot: runInMachine,
      stop: () => withLabLock(stopMachine),
    };
  });
}

/** Ends the machine, if one runs, as a power cut would. */
export async function stopMachine(): Promise<void> {
  await endOwnProcess(pidFile, folder);
  if (await fileExists(folder)) {
    await mustRun(asRoot('unshare', '--mount', 'bash', scriptPath('machine-sweep.sh'), folder));
  }
}

/** The root file system of today's script, made if it is not there; those of older scripts are removed. */
async function ensureRoot(): Promise<string> {
  const recipe = createHash('sha256').update(await readFile(makeScript));
  const name = `root-${recipe.digest('hex').slice(0, 8)}`;
  const root = path.join(folder, name);
  if (!(await fileExists(root))) {
    await step('root file system of the machine with systemd', async () => {
      const unfinished = `${root}.unfinished-${process.pid}`;
      await mustRun(asRoot('bash', makeScript, unfinished, await aptOptionsFile(), await debianMirror()));
      await mustRun(asRoot('mv', '--no-target-directory', unfinished, root));
    });
  }
  const outdated = (await readdir(folder)).filter((each) => each.startsWith('root-') && each !== name);
  if (outdated.length > 0) {
    await mustRun(asRoot('rm', '-rf', '--one-file-system', ...outdated.map((each) => path.join(folder, each))));
  }
  return root;
}

/** What machine-init.sh puts in its place; gives the known_hosts file. */
async function writeKeys(): Promise<string> {
  const hostKey = path.join(folder, 'host_key');
  await ensureKey(hostKey, 'pi');
  const [type, key] = (await readFile(`${hostKey}.pub`, 'utf8')).split(' ');
  const knownHosts = path.join(folder, 'known_hosts');
  await writeWhole(knownHosts, `[127.0.0.1]:${machinePort} ${type} ${key}\n`);
  await writeWhole(path.join(folder, 'authorized_keys'), await readFile(`${identityFile}.pub`, 'utf8'));
  // all the rest is as Debian has it: PAM, which makes the login sessions, most of all
  await writeWhole(path.join(folder, 'sshd_config'), `Port ${machinePort}\nListenAddress 127.0.0.1\n`);
  return knownHosts;
}

async function untilRunning(): Promise<void> {
  const began = performance.now();
  let ready = false;
  await until(async () => {
    const init = await initPid();
    ready = init !== undefined && (await sshdAnswers(machinePort));
    return ready || (init === undefined && performance.now() - began > graceMs);
  }, startPatienceMs);
  const state = ready ? await runInMachine('systemctl is-system-running --wait') : undefined;
  if (state?.stdout.trim() !== 'running') {
    const units = state ? (await runInMachine('systemctl --failed --no-pager --plain')).stdout : '';
    const log = await readFile(path.join(folder, 'init.log'), 'utf8').catch(() => '');
    throw new Error(
      `The machine with systemd does not come up (${state?.stdout.trim() || 'no answer'}).\n${units}${log}`,
    );
  }
}

/** Process 1 of the machine, as the host numbers it. */
async function initPid(): Promise<number | undefined> {
  const own = await findOwnProcess(pidFile, folder);
  return own ? childOf(own.pid) : undefined;
}

async function runInMachine(command: string): Promise<Outcome> {
  const init = await initPid();
  if (!init) {
    throw new Error('The machine with systemd is down.');
  }
  const environment = [
    'HOME=/root',
    'LANG=C.UTF-8',
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  ];
  const namespaces = ['--mount', '--uts', '--ipc', '--pid', '--cgroup'];
  return run(asRoot('nsenter', `--target=${init}`, ...namespaces, 'env', '-i', ...environment, 'sh', '-c', command));
}

function sshCommand(user: User, knownHosts: string, command: string): string[] {
  const options = ['IdentitiesOnly=yes', 'IdentityAgent=none', `UserKnownHostsFile=${knownHosts}`, 'BatchMode=yes'];
  const settings = options.flatMap((option) => ['-o', option]);
  return [
    'ssh',
    '-F',
    'none',
    '-i',
    identityFile,
    ...settings,
    '-p',
    String(machinePort),
    `${user}@127.0.0.1`,
    command,
  ];
}

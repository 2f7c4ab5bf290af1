/**
 * A machine as users have it: systemd as process 1, cgroup v2, crun, and a user `pi` with a rootless podman whose socket is not
 * enabled. Each start begins with a fresh root. It shares the kernel and the network of the host.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { asRoot, mustRun, type Outcome, run } from './command.ts';
import { ensureClientKey, ensureKey, identityFile, writeAtomically } from './credentials.ts';
import { checkHost } from './host-check.ts';
import { endLabProcess, findChild, findLabProcess } from './lab-process.ts';
import { withLabLock } from './lock.ts';
import { isSshdUp } from './node.ts';
import { ensurePackages } from './packages.ts';
import { assertPortFree } from './ports.ts';
import { runStep } from './progress.ts';
import { findDebianMirror, scriptPath, writeAptOptions } from './root-file-system.ts';
import { labFolder, machinePort } from './settings.ts';
import { waitUntil } from './wait.ts';

const folder = path.join(labFolder, 'machine');
const pidFile = path.join(folder, 'pid');
const makeScript = scriptPath('make-machine-root.sh');
/** A start takes about five seconds, more on a busy host. */
const startTimeoutMs = 120_000;
/** Time for its first process to appear. */
const graceMs = 5_000;
/** Users that can sign in with the lab's key. */
const users = ['pi', 'root'] as const;
type User = (typeof users)[number];

export interface Machine {
  port: number;
  /** Private key file of the client, for `pi` and for `root`. */
  identity: string;
  /** known_hosts file with only the machine's key. */
  knownHosts: string;
  /** Runs a shell command over SSH, in a login session that ends with the command. */
  signIn(user: User, command: string): Promise<Outcome>;
  /** Runs a shell command as root, without SSH and without a login session. */
  asRoot(command: string): Promise<Outcome>;
  stop(): Promise<void>;
}

/** Why this host cannot run the machine, as a sentence, or undefined if it can. Changes nothing. */
export async function findMachineObstacle(): Promise<string | undefined> {
  try {
    await checkHost();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const parent = existsSync(labFolder) ? labFolder : tmpdir();
  const trialFolder = await mkdtemp(path.join(parent, 'machine-trial-'));
  try {
    const inside = 'mount -t cgroup2 cgroup2 "$0" && umount "$0" && mount -t tmpfs tmpfs "$0" && mknod "$0/null" c 1 3';
    const namespaces = ['unshare', '--fork', '--mount', '--uts', '--ipc', '--pid', '--cgroup'];
    const trial = await run(asRoot(...namespaces, 'sh', '-c', inside, trialFolder));
    if (trial.code !== 0) {
      return `The machine needs a cgroup v2 tree and device nodes, which this host does not allow (${trial.stderr.trim()}).`;
    }
    if ((await mustRun(['stat', '--file-system', '--format=%T', trialFolder])).trim() === 'overlayfs') {
      return `The machine's root is an overlay, which cannot be on another overlay. Set BARNRAISER_LAB to a folder on a disk.`;
    }
    return undefined;
  } finally {
    await rmdir(trialFolder);
  }
}

/** Starts the machine with a fresh root, and first stops one that runs. Needs root or sudo. See {@link findMachineObstacle}. */
export function startMachine(): Promise<Machine> {
  return withLabLock(async () => {
    await mkdir(folder, { recursive: true });
    await ensurePackages();
    await ensureClientKey();
    const root = await ensureRoot();
    await stopMachine();
    await assertPortFree(machinePort, 'the machine with systemd', 'BARNRAISER_LAB_MACHINE_PORT');
    await mustRun(asRoot('rm', '-rf', '--one-file-system', path.join(folder, 'state')));
    const knownHosts = await writeKeys();
    await runStep('machine with systemd', async () => {
      await mustRun(asRoot('unshare', '--mount', 'bash', scriptPath('machine-start.sh'), root, folder));
      await waitUntilRunning();
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

/** Kills the machine, if it runs, as a power cut would. */
export async function stopMachine(): Promise<void> {
  await endLabProcess(pidFile, folder);
  if (existsSync(folder)) {
    await mustRun(asRoot('unshare', '--mount', 'bash', scriptPath('machine-sweep.sh'), folder));
  }
}

/** Creates the root file system if it does not exist, and removes those of older scripts. Resolves with its folder. */
async function ensureRoot(): Promise<string> {
  const recipe = createHash('sha256').update(await readFile(makeScript));
  const name = `root-${recipe.digest('hex').slice(0, 8)}`;
  const root = path.join(folder, name);
  if (!existsSync(root)) {
    await runStep('root file system of the machine with systemd', async () => {
      const unfinished = `${root}.unfinished-${process.pid}`;
      await mustRun(asRoot('bash', makeScript, unfinished, await writeAptOptions(), await findDebianMirror()));
      await mustRun(asRoot('mv', '--no-target-directory', unfinished, root));
    });
  }
  const outdated = (await readdir(folder)).filter((each) => each.startsWith('root-') && each !== name);
  if (outdated.length > 0) {
    await mustRun(asRoot('rm', '-rf', '--one-file-system', ...outdated.map((each) => path.join(folder, each))));
  }
  return root;
}

/** Writes the files that machine-init.sh installs. Resolves with the known_hosts file. */
async function writeKeys(): Promise<string> {
  const hostKey = path.join(folder, 'host_key');
  await ensureKey(hostKey, 'pi');
  const [type, key] = (await readFile(`${hostKey}.pub`, 'utf8')).split(' ');
  const knownHosts = path.join(folder, 'known_hosts');
  await writeAtomically(knownHosts, `[127.0.0.1]:${machinePort} ${type} ${key}\n`);
  await writeAtomically(path.join(folder, 'authorized_keys'), await readFile(`${identityFile}.pub`, 'utf8'));
  // everything else stays as in Debian, in particular PAM, which creates the login sessions
  await writeAtomically(path.join(folder, 'sshd_config'), `Port ${machinePort}\nListenAddress 127.0.0.1\n`);
  return knownHosts;
}

async function waitUntilRunning(): Promise<void> {
  const began = performance.now();
  let ready = false;
  await waitUntil(async () => {
    const init = await initPid();
    ready = init !== undefined && (await isSshdUp(machinePort));
    return ready || (init === undefined && performance.now() - began > graceMs);
  }, startTimeoutMs);
  const state = ready ? await runInMachine('systemctl is-system-running --wait') : undefined;
  if (state?.stdout.trim() !== 'running') {
    const units = state ? (await runInMachine('systemctl --failed --no-pager --plain')).stdout : '';
    const log = await readFile(path.join(folder, 'init.log'), 'utf8').catch(() => '');
    throw new Error(`The machine with systemd did not start (${state?.stdout.trim() || 'no answer'}).\n${units}${log}`);
  }
}

/** The host's pid of the machine's process 1. */
async function initPid(): Promise<number | undefined> {
  const parent = await findLabProcess(pidFile, folder);
  return parent ? findChild(parent.pid) : undefined;
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

/** Finding an engine's socket on a node, and the problems of sockets that cannot be used. */
import { type EngineKind, engineNames } from '../../../shared/node.ts';
import { Failure, fail } from '../../../shared/problem.ts';
import { shellQuote } from '../../system/shell-quote.ts';
import type { Transport } from './transport.ts';

/** Runs a command on a node. */
export type RunCommand = Transport['run'];

/** `denied`: the socket exists, but this user may not write to it. `dead`: it exists, but no process listens on it. */
export type SocketState = 'open' | 'missing' | 'denied' | 'dead';

/** Timeouts in milliseconds. `podman info` takes seconds on a small or emulated machine. */
const searchTimeoutMs = 60_000;
const stateTimeoutMs = 20_000;
const dialTimeoutMs = 5_000;

/** Where docker and BuildKit listen as root. */
export const dockerSocket = '/var/run/docker.sock';
const buildKitSocket = '/run/buildkit/buildkitd.sock';

/** What a node has to offer an engine's client. */
export interface SocketSearch {
  /** The sockets that this user may write to: first the one that podman reports, then the default paths of all engines. */
  readonly paths: readonly string[];
  /** The first socket of root's docker or BuildKit that this user may not write to. */
  readonly denied?: string;
  /** The podman command exists, which can serve a socket. */
  readonly hasPodman: boolean;
}

/** Searches a node for engine sockets. @throws Failure `ssh.shell` if the node does not run commands */
export async function findSockets(run: RunCommand, signal?: AbortSignal): Promise<SocketSearch> {
  // podman reports a path whether the socket exists or not, in some versions with the prefix unix://.
  const command = `reported=$(podman info --format '{{.Host.RemoteSocket.Path}}' 2>/dev/null); user=/run/user/$(id -u)
    for path in "\${reported#unix://}" "$user/podman/podman.sock" /run/podman/podman.sock ${dockerSocket} "$user/docker.sock" ${buildKitSocket} "$user/buildkit/buildkitd.sock"
    do if [ -S "$path" ] && [ -w "$path" ]; then echo "$path"; fi; done
    for path in ${dockerSocket} ${buildKitSocket}
    do if [ -S "$path" ] && [ ! -w "$path" ]; then echo "denied $path"; fi; done
    ! command -v podman >/dev/null || echo podman`;
  const { stdout } = await run(command, { timeoutMs: searchTimeoutMs, ...(signal ? { signal } : {}) });
  const lines = stdout.trim().split('\n');
  const denied = lines.find((line) => line.startsWith('denied '))?.slice('denied '.length);
  return {
    paths: [...new Set(lines.filter((line) => line.startsWith('/')))],
    ...(denied === undefined ? {} : { denied }),
    hasPodman: lines.includes('podman'),
  };
}

/**
 * The state of a socket by the node's file system, which does not show whether a process listens on it. If the node does not
 * run this command, it may still run one that leads to its engine, which sshd forces.
 */
export async function readSocketState(
  run: RunCommand,
  path: string,
  signal?: AbortSignal,
): Promise<'open' | 'missing' | 'denied'> {
  const quoted = shellQuote(path);
  const { stdout } = await run(
    `if [ ! -S ${quoted} ]; then echo missing; elif [ ! -w ${quoted} ]; then echo denied; else echo open; fi`,
    { timeoutMs: stateTimeoutMs, ...(signal ? { signal } : {}) },
  ).catch((error: unknown) => {
    if (isShellProblem(error)) {
      return { stdout: '' };
    }
    throw error;
  });
  const state = stdout.trim();
  return state === 'missing' || state === 'denied' ? state : 'open';
}

/** The error message of `dial-stdio` for a socket. Empty if it can connect. */
export async function readDialError(run: RunCommand, path: string): Promise<string> {
  try {
    return (await run(dialStdioCommand(path), { timeoutMs: dialTimeoutMs })).stderr.trim();
  } catch (error) {
    // If the command was stopped by the timeout, it has connected and waits for input.
    return isShellProblem(error) ? error.problem.message : '';
  }
}

/** Did the node not run a command because of its login shell or a forced command? */
export function isShellProblem(error: unknown): error is Failure {
  return error instanceof Failure && error.problem.code === 'ssh.shell';
}

/** The command that connects its stdin and stdout to an engine's socket. */
export function dialStdioCommand(path: string): string {
  const url = shellQuote(`unix://${path}`);
  switch (engineOfSocket(path)) {
    case 'podman':
      return `podman --url ${url} system dial-stdio`;
    case 'docker':
      return `docker -H ${url} system dial-stdio`;
    case 'buildkit':
      return `buildctl --addr ${url} dial-stdio`;
  }
}

/**
 * The engine of a socket, by its own name. Its folders say nothing: a user may be called docker. A name that says nothing may be
 * that of any engine, and is taken for podman's.
 */
export function engineOfSocket(path: string): EngineKind {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.includes('buildkit') ? 'buildkit' : name.includes('docker') ? 'docker' : 'podman';
}

/** Is this a socket of an engine that a user runs without root? */
export function isRootlessSocket(path: string): boolean {
  return /^\/(run\/user|home|tmp)\//.test(path);
}

/** The systemd unit that starts an engine: of root and of a user. */
const units: Readonly<Record<EngineKind, { readonly root: string; readonly user: string }>> = {
  podman: { root: 'podman.socket', user: 'podman.socket' },
  docker: { root: 'docker.socket', user: 'docker' },
  buildkit: { root: 'buildkit', user: 'buildkit' },
};

/** How a user gets the right to use the socket of root's engine. podman has one for each user instead. */
const rightsFixes: Readonly<Partial<Record<EngineKind, string>>> = {
  docker: 'Add the user to the docker group with `sudo usermod -aG docker $USER`, then sign in again.',
  buildkit: 'Start buildkitd with `--group` and a group that the user is in, or connect as root.',
};

export function socketProblem(name: string, path: string, state: Exclude<SocketState, 'open'>): Failure {
  const engine = engineOfSocket(path);
  const { root, user } = units[engine];
  const isRootless = isRootlessSocket(path);
  const start = isRootless
    ? `\`systemctl --user enable --now ${user}\`, and keep it running without a login with \`loginctl enable-linger\``
    : `\`sudo systemctl enable --now ${root}\``;
  switch (state) {
    case 'missing':
      return fail(
        'engine.no-socket',
        `Node ${name}: no ${engineNames[engine]} socket at ${path}.`,
        `Start it with ${start}.`,
      );
    case 'denied':
      return fail(
        'engine.no-socket',
        `Node ${name}: the socket ${path} exists, but this user is not allowed to use it.`,
        (isRootless ? undefined : rightsFixes[engine]) ??
          `Connect as the user who owns it, or use your own: \`systemctl --user enable --now ${user}\`.`,
      );
    case 'dead':
      return fail(
        'engine.no-socket',
        `Node ${name}: no engine is listening on the socket ${path}.`,
        `Start the engine with ${start}.`,
      );
  }
}

export function noSocketFoundProblem(name: string): Failure {
  return fail(
    'engine.no-socket',
    `Node ${name}: there is no podman, docker or BuildKit socket at the default paths.`,
    'Install podman on the node, or set the path of its socket in the connection: ssh://user@host/path/to.sock.',
  );
}

/** The node runs another command instead (ForceCommand, a login shell such as nologin), or its login shell does not come to it. */
export function searchRefusedProblem(name: string, reason: Failure): Failure {
  const { message, fix, detail } = reason.problem;
  return fail(
    'engine.no-socket',
    `Node ${name} does not run Barnraiser's commands, so its engine's socket cannot be searched for.`,
    `Set the socket path in the connection, for example ssh://user@host/run/podman/podman.sock. ${fix}`,
    [message, ...(detail === undefined ? [] : [detail])].join('\n'),
    reason,
  );
}

export function noLocalEngineProblem(name: string): Failure {
  return fail(
    'engine.no-socket',
    `Node ${name}: this computer has no podman, docker or BuildKit socket that you may use, and no podman command.`,
    'Install podman (https://podman.io/docs/installation), or build on other machines.',
  );
}

/** Finding an engine's socket on a node, and the problems of sockets that cannot be used. */
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

/** Where docker listens as root. */
export const dockerSocket = '/var/run/docker.sock';

/** What a node has to offer an engine's client. */
export interface SocketSearch {
  /** The sockets that this user may write to: first the one that podman reports, then podman's and docker's default paths. */
  readonly paths: readonly string[];
  /** docker's socket, if this user may not write to it. */
  readonly denied?: string;
  /** The podman command exists, which can serve a socket. */
  readonly hasPodman: boolean;
}

/** Searches a node for engine sockets. @throws Failure `ssh.shell` if the node does not run commands */
export async function findSockets(run: RunCommand, signal?: AbortSignal): Promise<SocketSearch> {
  // podman reports a path whether the socket exists or not, in some versions with the prefix unix://.
  const command = `reported=$(podman info --format '{{.Host.RemoteSocket.Path}}' 2>/dev/null); user=/run/user/$(id -u)
    for path in "\${reported#unix://}" "$user/podman/podman.sock" /run/podman/podman.sock ${dockerSocket} "$user/docker.sock"
    do if [ -S "$path" ] && [ -w "$path" ]; then echo "$path"; fi; done
    if [ -S ${dockerSocket} ] && [ ! -w ${dockerSocket} ]; then echo denied; fi
    ! command -v podman >/dev/null || echo podman`;
  const { stdout } = await run(command, { timeoutMs: searchTimeoutMs, ...(signal ? { signal } : {}) });
  const lines = stdout.trim().split('\n');
  return {
    paths: [...new Set(lines.filter((line) => line.startsWith('/')))],
    ...(lines.includes('denied') ? { denied: dockerSocket } : {}),
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
  return isDockerSocket(path) ? `docker -H ${url} system dial-stdio` : `podman --url ${url} system dial-stdio`;
}

/** Is this docker's socket, by its own name? Its folders say nothing: a user may be called docker. */
export function isDockerSocket(path: string): boolean {
  return path.slice(path.lastIndexOf('/') + 1).includes('docker');
}

/** Is this a socket of an engine that a user runs without root? */
export function isRootlessSocket(path: string): boolean {
  return /^\/(run\/user|home|tmp)\//.test(path);
}

export function socketProblem(name: string, path: string, state: Exclude<SocketState, 'open'>): Failure {
  const isDocker = isDockerSocket(path);
  const unit = isDocker ? (isRootlessSocket(path) ? 'docker' : 'docker.socket') : 'podman.socket';
  const start = isRootlessSocket(path)
    ? `\`systemctl --user enable --now ${unit}\`, and keep it running without a login with \`loginctl enable-linger\``
    : `\`sudo systemctl enable --now ${unit}\``;
  switch (state) {
    case 'missing':
      return fail(
        'engine.no-socket',
        `Node ${name}: no ${isDocker ? 'docker' : 'podman'} socket at ${path}.`,
        `Start it with ${start}.`,
      );
    case 'denied':
      return fail(
        'engine.no-socket',
        `Node ${name}: the socket ${path} exists, but this user is not allowed to use it.`,
        isDocker && !isRootlessSocket(path)
          ? 'Add the user to the docker group with `sudo usermod -aG docker $USER`, then sign in again.'
          : `Connect as the user who owns it, or use your own: \`systemctl --user enable --now ${isDocker ? 'docker' : 'podman.socket'}\`.`,
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
    `Node ${name}: there is no podman or docker socket at the default paths.`,
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
    `Node ${name}: this computer has no podman or docker socket that you may use, and no podman command.`,
    'Install podman (https://podman.io/docs/installation), or build on other machines.',
  );
}

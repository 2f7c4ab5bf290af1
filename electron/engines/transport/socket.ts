import { type Failure, fail } from '../../../shared/problem.ts';
import { quote } from '../../system/shell-quote.ts';
import type { Transport } from './transport.ts';

/** Whoever can run commands on a node. */
export type Run = Transport['run'];

/** `denied`: it is there, and not ours to write to. `dead`: it is there, and nobody listens on it. */
export type SocketState = 'open' | 'missing' | 'denied' | 'dead';

/** `podman info` takes seconds on a small or emulated machine. */
const findMs = 60_000;
const testMs = 20_000;
const complaintMs = 5_000;

/** What a node has of engines. */
export interface FoundSockets {
  /** The sockets that are there and ours to write to: what podman says, then the usual places, podman's before docker's. */
  readonly paths: readonly string[];
  /** Is the podman command there, which can open a socket? */
  readonly hasPodman: boolean;
}

/** Looks for the sockets of engines on a node. Undefined where the node runs something else than what it is told, or nothing. */
export async function findSockets(run: Run, signal?: AbortSignal): Promise<FoundSockets | undefined> {
  // podman gives a path, in some versions with unix:// before it, whether the socket exists or not
  const command = `said=$(podman info --format '{{.Host.RemoteSocket.Path}}' 2>/dev/null); user=/run/user/$(id -u)
    for path in "\${said#unix://}" "$user/podman/podman.sock" /run/podman/podman.sock /var/run/docker.sock "$user/docker.sock"
    do if [ -S "$path" ] && [ -w "$path" ]; then echo "$path"; fi; done
    command -v podman >/dev/null && echo podman; echo looked`;
  const { stdout } = await run(command, { timeoutMs: findMs, ...(signal ? { signal } : {}) });
  const lines = stdout.trim().split('\n');
  if (lines.at(-1) !== 'looked') {
    return undefined;
  }
  return {
    paths: [...new Set(lines.filter((line) => line.startsWith('/')))],
    hasPodman: lines.includes('podman'),
  };
}

/** What stands in the way of a socket, as far as the node's file system tells. */
export async function socketState(
  run: Run,
  path: string,
  signal?: AbortSignal,
): Promise<'open' | 'missing' | 'denied'> {
  const quoted = quote(path);
  const { stdout } = await run(
    `if [ ! -S ${quoted} ]; then echo missing; elif [ ! -w ${quoted} ]; then echo denied; else echo open; fi`,
    { timeoutMs: testMs, ...(signal ? { signal } : {}) },
  );
  const state = stdout.trim();
  return state === 'missing' || state === 'denied' ? state : 'open';
}

/** What the engine's own client says about a socket that it cannot reach; nothing where it can. */
export async function dialComplaint(run: Run, path: string): Promise<string> {
  try {
    return (await run(dialStdio(path), { timeoutMs: complaintMs })).stderr.trim();
  } catch {
    // it has reached something, and waits
    return '';
  }
}

export function socketProblem(name: string, path: string, state: Exclude<SocketState, 'open'>): Failure {
  const docker = isDocker(path);
  const start = docker
    ? '`sudo systemctl enable --now docker.socket`'
    : isRootless(path)
      ? '`systemctl --user enable --now podman.socket`, and let it live without a login with `loginctl enable-linger`'
      : '`sudo systemctl enable --now podman.socket`';
  switch (state) {
    case 'missing':
      return fail(
        'engine.no-socket',
        `Node ${name}: no ${docker ? 'docker' : 'podman'} socket at ${path}.`,
        `Start it with ${start}.`,
      );
    case 'denied':
      return fail(
        'engine.no-socket',
        `Node ${name}: the socket ${path} is there, but this user may not use it.`,
        docker
          ? 'Add the user to the docker group with `sudo usermod -aG docker $USER`, and sign in anew.'
          : 'Connect as the user it belongs to, or use your own: `systemctl --user enable --now podman.socket`.',
      );
    case 'dead':
      return fail(
        'engine.no-socket',
        `Node ${name}: nobody listens on the socket ${path}.`,
        `Start the engine with ${start}.`,
      );
  }
}

export function noSocketAnywhere(name: string): Failure {
  return fail(
    'engine.no-socket',
    `Node ${name}: no podman or docker socket was found in the usual places.`,
    'Install podman there, or where the engine has its socket elsewhere put the path into the connection: ssh://user@host/path/to.sock.',
  );
}

/** Commands are refused, or another is run in their place (ForceCommand, a login shell that only says goodbye). */
export function noLookingForSockets(name: string): Failure {
  return fail(
    'engine.no-socket',
    `Node ${name} runs no commands of ours, so that its engine's socket cannot be looked for.`,
    "Put the socket's path into the connection, as in ssh://user@host/run/podman/podman.sock, or allow commands for this user.",
  );
}

export function noEngineHere(name: string): Failure {
  return fail(
    'engine.no-socket',
    `Node ${name}: this computer has no socket of podman or docker that is yours to use, and no podman command.`,
    'Install podman (https://podman.io/docs/installation), or build on other machines.',
  );
}

/** The command that connects its stdin and stdout to an engine's socket. */
export function dialStdio(path: string): string {
  const url = quote(`unix://${path}`);
  return isDocker(path) ? `docker -H ${url} system dial-stdio` : `podman --url ${url} system dial-stdio`;
}

function isRootless(path: string): boolean {
  return /^\/(run\/user|home|tmp)\//.test(path);
}

/** docker's sockets, by their name. */
export function isDocker(path: string): boolean {
  return path.includes('docker');
}

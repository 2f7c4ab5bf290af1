import { type Failure, fail } from '../../shared/problem.ts';
import type { Transport } from './transport.ts';

/** Whoever can run commands on a node. */
export type Run = Transport['run'];

/** `denied`: it is there, and not ours to write to. `dead`: it is there, and nobody listens on it. */
export type SocketState = 'open' | 'missing' | 'denied' | 'dead';

/** `podman info` takes seconds on a small or emulated machine. */
const findMs = 60_000;
const testMs = 20_000;
const complaintMs = 5_000;

/**
 * The path of the engine's socket on a node: what podman says, then the usual places, podman's before docker's.
 * Undefined where none of them is there and usable.
 */
export async function findSocket(run: Run, signal?: AbortSignal): Promise<string | undefined> {
  // podman gives a path, in some versions with unix:// before it, whether the socket exists or not
  const command = `said=$(podman info --format '{{.Host.RemoteSocket.Path}}' 2>/dev/null); user=/run/user/$(id -u)
    for path in "\${said#unix://}" "$user/podman/podman.sock" /run/podman/podman.sock /var/run/docker.sock "$user/docker.sock"
    do if [ -S "$path" ] && [ -w "$path" ]; then echo "$path"; exit; fi; done`;
  const { stdout } = await run(command, { timeoutMs: findMs, ...(signal ? { signal } : {}) });
  return stdout.trim() || undefined;
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
  const docker = path.includes('docker');
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
    'Start one with `systemctl --user enable --now podman.socket` (rootless) or `sudo systemctl enable --now podman.socket`, or put its path into the connection: ssh://user@host/path/to.sock.',
  );
}

/** The command that connects its stdin and stdout to an engine's socket. */
export function dialStdio(path: string): string {
  const url = quote(`unix://${path}`);
  return path.includes('docker') ? `docker -H ${url} system dial-stdio` : `podman --url ${url} system dial-stdio`;
}

function isRootless(path: string): boolean {
  return /^\/(run\/user|home|tmp)\//.test(path);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

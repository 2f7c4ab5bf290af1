import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { Failure, fail } from '../../../shared/problem.ts';
import { quote } from '../../system/shell-quote.ts';

/** A podman service that was started for us, at a socket of its own, and that ends with us. */
export interface PodmanService {
  readonly socketPath: string;
  /** Aborts, with a `Failure` as its reason, when it has ended without being closed. */
  readonly ended: AbortSignal;
  /** Ends it and resolves when nothing of it is left behind. */
  close(): Promise<void>;
}

/** Both ends of the program that guards the service: it ends the service when its stdin ends. */
export interface Guard {
  readonly stdin: Writable;
  readonly stdout: Readable;
}

/** `podman system service` listens within seconds, and within many on an emulated machine. In milliseconds. */
const startMs = 60_000;
/** The node ends the service itself within a few seconds; a node that does not answer any more is not waited for. */
const closeMs = 8_000;
/** How often a node is told that we are still there, in milliseconds, and for how long it waits for that, in seconds. */
const heartbeatMs = 30_000;
const patienceSeconds = 120;
/** What is kept of what podman says. */
const keptBytes = 4_096;

/**
 * A POSIX shell program that starts podman's service on a socket in a private folder, prints the socket's path once somebody
 * listens there, and waits. When its stdin ends, or with `patience` when nothing has come from it for so many seconds, it ends
 * the service with all that the service has started, and removes the folder. So nothing stays behind wherever the other side
 * has gone: closed, killed, or cut off by a dead network, of which sshd alone would hear only hours later.
 *
 * What podman has started is its process group and, since containers leave that, its children and theirs.
 *
 * What podman has printed is given at the end. It prints nothing when it is ready, hence the look at the kernel's table of
 * sockets, where 00010000 marks those that are listened on (__SO_ACCEPTCON in linux/net.h).
 */
export function guardProgram(patience?: number): string {
  const read = 'dd bs=1 count=1 2>/dev/null';
  return `umask 077
    command -v podman >/dev/null || { echo 'There is no podman command.'; exit 127; }
    for base in "$XDG_RUNTIME_DIR" "/run/user/$(id -u)" /tmp; do [ -n "$base" ] && [ -d "$base" ] && [ -w "$base" ] && break; done
    folder=$(mktemp -d "$base/barnraiser-XXXXXXXX") || exit 1
    socket=$folder/podman.sock
    trap '' PIPE
    exec 3<&0 </dev/null
    group=; command -v setsid >/dev/null && group=setsid
    $group podman system service --time=0 "unix://$socket" >"$folder/log" 2>&1 3<&- &
    podman=$!
    started_by() { for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do echo "$child"; started_by "$child"; done; }
    alive() { kill -0 "$podman" 2>/dev/null; }
    pause() { sleep 0.1 2>/dev/null || sleep 1; }
    end() {
      started=$(started_by "$podman"); kill "$podman" 2>/dev/null; tries=0
      while alive && [ $tries -lt 20 ]; do pause; tries=$((tries + 1)); done
      kill -KILL "$podman" $started 2>/dev/null; [ -z "$group" ] || kill -KILL "-$podman" 2>/dev/null
    }
    limit=; ${patience === undefined ? '' : `timeout 1 true 2>/dev/null && limit='timeout ${patience}'`}
    { while [ -n "$($limit ${read})" ]; do :; done; trap '' TERM; end; } <&3 >/dev/null 2>&1 3<&- &
    watcher=$!
    exec 3<&-
    trap end HUP INT TERM
    until grep -qs " 00010000 .* $socket\\$" /proc/net/unix || { [ ! -r /proc/net/unix ] && [ -S "$socket" ]; }; do
      alive || break; pause
    done
    alive && echo "$socket"
    while alive; do wait "$podman"; done
    kill "$watcher" 2>/dev/null; wait "$watcher"
    said=$(tail -c ${keptBytes} "$folder/log")
    rm -rf "$folder"
    echo "$said"`;
}

/** The command that starts and guards a service on a node. Whoever opens it writes to it as {@link serviceOf} does. */
export const guardOnNode = `sh -c ${quote(guardProgram(patienceSeconds))}`;

/**
 * Starts podman on this computer as a child that ends with us, also when we are killed.
 * @throws Failure `engine.no-socket` with what podman said
 */
export function startServiceHere(name: string, signal?: AbortSignal): Promise<PodmanService> {
  // a group of its own: Ctrl+C in a terminal is for us, who end our builds there before it goes
  const child = spawn('sh', ['-c', guardProgram()], { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  child.once('error', (error) => child.stdout.destroy(error));
  return serviceOf(name, child, signal);
}

/** The service that a guard keeps, once it is there. @throws Failure `engine.no-socket` with what podman said */
export async function serviceOf(name: string, { stdin, stdout }: Guard, signal?: AbortSignal): Promise<PodmanService> {
  const ended = new AbortController();
  const over = once(stdout, 'close').catch(() => undefined);
  let said = '';
  let closing = false;
  // a guard that is gone says so by the end of its output
  stdin.on('error', () => undefined);
  const heartbeat = setInterval(() => stdin.write('.'), heartbeatMs).unref();
  const close = async (): Promise<void> => {
    closing = true;
    clearInterval(heartbeat);
    stdin.end();
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, closeMs).unref())]);
    stdout.destroy();
  };
  try {
    const socketPath = await new Promise<string>((resolve, reject) => {
      const give = (reason: unknown) => reject(reason);
      const onAbort = () => give(signal?.reason);
      const timer = setTimeout(() => give(notStarted(name, `It was not ready after ${startMs / 1000} s.`)), startMs);
      const leave = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      signal?.addEventListener('abort', onAbort);
      if (signal?.aborted) {
        onAbort();
      }
      stdout.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-keptBytes);
        const path = /^(\/.*)\n/.exec(said)?.[1];
        if (path !== undefined) {
          said = '';
          leave();
          resolve(path);
        }
      });
      stdout.on('error', (error) => give(error instanceof Failure ? error : notStarted(name, error.message)));
      void over.then(() => {
        leave();
        give(notStarted(name, said.trim()));
        if (!closing) {
          clearInterval(heartbeat);
          ended.abort(hasEnded(name, said.trim()));
        }
      });
    });
    return { socketPath, ended: ended.signal, close };
  } catch (error) {
    // not waited for: whoever has given up wants to go
    void close();
    throw error;
  }
}

function notStarted(name: string, said: string): Failure {
  return fail(
    'engine.no-socket',
    `Node ${name}: no engine's socket is there, and podman could not be started.`,
    'See what podman says there: `podman info`.',
    said === '' ? undefined : said,
  );
}

function hasEnded(name: string, said: string): Failure {
  return fail(
    'engine.unreachable',
    `Node ${name}: the podman service that was started there has ended.`,
    'See what podman says there: `podman info`. A service of its own lasts longer: `systemctl --user enable --now podman.socket`.',
    said === '' ? undefined : said,
  );
}

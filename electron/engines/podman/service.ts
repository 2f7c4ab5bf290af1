import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { Failure, fail } from '../../../shared/problem.ts';

/** A podman service that Barnraiser started on a socket of its own. It ends with Barnraiser. */
export interface PodmanService {
  readonly socketPath: string;
  /** Aborts, with a `Failure` as its reason, if the service ends without being closed. */
  readonly ended: AbortSignal;
  /** Ends the service and resolves when it has cleaned up. */
  close(): Promise<void>;
}

/** The streams of the program that guards the service. The program ends the service when its stdin ends. */
export interface GuardStreams {
  readonly stdin: Writable;
  readonly stdout: Readable;
}

/** `podman system service` listens within seconds on most machines, but takes much longer on an emulated one. In milliseconds. */
const startTimeoutMs = 60_000;
/** The node ends the service itself within a few seconds. Barnraiser does not wait longer for a node that no longer responds. */
const closeTimeoutMs = 8_000;
/** Interval of the heartbeat to the node in milliseconds, and how long the node waits for one in seconds. */
const heartbeatMs = 30_000;
const heartbeatTimeoutSeconds = 120;
/** How much of podman's output is kept, in bytes. */
const maxOutputBytes = 4_096;

/**
 * A POSIX shell program that starts podman's service on a socket in a private folder, prints the socket's path once podman
 * listens on it, and waits. It ends the service, with everything that the service has started, and removes the folder when
 * its stdin ends or when nothing has arrived on stdin for `timeoutSeconds`. So nothing is left behind if Barnraiser closes the
 * service, is killed, or is cut off by a dead network, which sshd alone would notice only hours later.
 *
 * What podman has started is its process group and its descendants, because containers leave the group.
 *
 * The program prints podman's output at its end. podman prints nothing when it is ready, so the program reads the kernel's
 * table of sockets, in which the flag 00010000 marks listening sockets (__SO_ACCEPTCON in linux/net.h).
 */
export function guardProgram(timeoutSeconds?: number): string {
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
    limit=; ${timeoutSeconds === undefined ? '' : `timeout 1 true 2>/dev/null && limit='timeout ${timeoutSeconds}'`}
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
    output=$(tail -c ${maxOutputBytes} "$folder/log")
    rm -rf "$folder"
    echo "$output"`;
}

/** The command that starts and guards a service on a node. Its streams belong to {@link waitForService}, which sends the heartbeat. */
export const guardCommand = guardProgram(heartbeatTimeoutSeconds);

/**
 * Starts podman on this computer as a child process that ends with Barnraiser, even if Barnraiser is killed.
 * @throws Failure `engine.no-socket` with podman's output
 */
export function startLocalService(name: string, signal?: AbortSignal): Promise<PodmanService> {
  // The process group of its own keeps Ctrl+C in a terminal away from podman until Barnraiser has ended its builds there.
  const child = spawn('sh', ['-c', guardProgram()], { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  child.once('error', (error) => child.stdout.destroy(error));
  return waitForService(name, child, signal);
}

/** Waits until a guarded service is ready. @throws Failure `engine.no-socket` with podman's output */
export async function waitForService(
  name: string,
  { stdin, stdout }: GuardStreams,
  signal?: AbortSignal,
): Promise<PodmanService> {
  const ended = new AbortController();
  const outputClosed = once(stdout, 'close').catch(() => undefined);
  let output = '';
  let isClosing = false;
  // If the guard has ended, its output ends too, so errors of stdin add nothing.
  stdin.on('error', () => undefined);
  const heartbeat = setInterval(() => stdin.write('.'), heartbeatMs).unref();
  const close = async (): Promise<void> => {
    isClosing = true;
    clearInterval(heartbeat);
    stdin.end();
    await Promise.race([outputClosed, new Promise((resolve) => setTimeout(resolve, closeTimeoutMs).unref())]);
    stdout.destroy();
  };
  try {
    const socketPath = await new Promise<string>((resolve, reject) => {
      const onAbort = () => reject(signal?.reason);
      const timer = setTimeout(
        () => reject(startProblem(name, `It was not ready after ${startTimeoutMs / 1000} s.`)),
        startTimeoutMs,
      );
      const stopWaiting = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      signal?.addEventListener('abort', onAbort);
      if (signal?.aborted) {
        onAbort();
      }
      stdout.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-maxOutputBytes);
        const path = /^(\/.*)\n/.exec(output)?.[1];
        if (path !== undefined) {
          output = '';
          stopWaiting();
          resolve(path);
        }
      });
      stdout.on('error', (error) => reject(error instanceof Failure ? error : startProblem(name, error.message)));
      void outputClosed.then(() => {
        stopWaiting();
        reject(startProblem(name, output.trim()));
        if (!isClosing) {
          clearInterval(heartbeat);
          ended.abort(endedProblem(name, output.trim()));
        }
      });
    });
    return { socketPath, ended: ended.signal, close };
  } catch (error) {
    // The caller should not have to wait for the cleanup on the node.
    void close();
    throw error;
  }
}

function startProblem(name: string, output: string): Failure {
  return fail(
    'engine.no-socket',
    `Node ${name}: there is no engine socket, and podman could not be started.`,
    'Check podman on the node: `podman info`.',
    output === '' ? undefined : output,
  );
}

function endedProblem(name: string, output: string): Failure {
  return fail(
    'engine.unreachable',
    `Node ${name}: the podman service that Barnraiser started has ended.`,
    'Check podman on the node: `podman info`. A permanent service is more reliable: `systemctl --user enable --now podman.socket`.',
    output === '' ? undefined : output,
  );
}

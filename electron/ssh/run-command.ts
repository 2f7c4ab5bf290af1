import { constants } from 'node:os';
import type { ClientChannel } from 'ssh2';
import { keepOutput } from '../system/process-output.ts';
import { OutputStart } from './output-start.ts';

export interface CommandOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** The command does not keep the connection from being closed when it is unused. */
  readonly isObservation?: boolean;
}

/** How a command ended. As in a shell, `code` is 128 plus the signal's number where a signal killed the command. */
export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command. `outcome` may reject long before the channel is closed; `released` resolves when it is closed. */
export interface RunningCommand {
  readonly outcome: Promise<CommandOutcome>;
  readonly released: Promise<void>;
}

interface CommandErrors {
  /** The login shell did something else than to run the command, and printed this. */
  readonly shellRefused: (said: string) => Error;
  readonly shellTimedOut: (said: string, timeoutMs: number) => Error;
  readonly timedOut: (timeoutMs: number) => Error;
  /** Why the channel was closed without an exit status. */
  readonly noExitStatus: () => Error;
  /** Why the whole session is over; undefined where it is not. */
  readonly sessionOver: () => Error | undefined;
}

/** How long start-up files of a login shell may take, in milliseconds. Some take seconds. */
export const shellTimeoutMs = 30_000;

/**
 * Collects the output of a command that was just started on a channel. Closes the channel, and so ends the command,
 * when the signal aborts or the time is over. The time of the command begins when it has printed the marker.
 */
export function collectOutcome(
  channel: ClientChannel,
  marker: string,
  { signal, timeoutMs }: CommandOptions,
  errors: CommandErrors,
): RunningCommand {
  const released = new Promise<void>((resolve) => channel.once('close', () => resolve()));
  const outcome = new Promise<CommandOutcome>((resolve, reject) => {
    const start = new OutputStart(marker);
    const errorStart = new OutputStart(marker);
    channel.stderr.on('data', (chunk: Buffer) => start.addError(chunk));
    const stderr = keepOutput(channel.stderr, (chunk) => errorStart.take(chunk));
    const stdout = keepOutput(channel, (chunk) => {
      const hadStarted = start.hasStarted;
      const output = start.take(chunk);
      if (start.hasStarted && !hadStarted) {
        clearTimeout(timer);
        timer = timeoutMs === undefined ? undefined : setTimeout(() => stop(errors.timedOut(timeoutMs)), timeoutMs);
      }
      return output;
    });
    let code: number | undefined;
    const stop = (reason: unknown) => {
      reject(reason);
      channel.close();
    };
    const onAbort = () => stop(signal?.reason);
    let timer: NodeJS.Timeout | undefined = setTimeout(
      () => stop(errors.shellTimedOut(start.said, shellTimeoutMs)),
      shellTimeoutMs,
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    channel.on('exit', (status: number | null, signalName?: string) => {
      code = status ?? 128 + (signalNumber(signalName) ?? 0);
    });
    channel.on('close', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      const sessionError = errors.sessionOver();
      if (sessionError) {
        reject(sessionError);
      } else if (code === undefined) {
        reject(errors.noExitStatus());
      } else if (!start.hasStarted) {
        reject(errors.shellRefused(start.said));
      } else {
        resolve({ code, stdout: stdout(), stderr: stderr() });
      }
    });
    if (signal?.aborted) {
      onAbort();
    }
  });
  // the outcome may reject before the caller awaits it
  outcome.catch(() => undefined);
  return { outcome, released };
}

function signalNumber(name: string | undefined): number | undefined {
  return Object.entries(constants.signals).find(([known]) => known === name)?.[1];
}

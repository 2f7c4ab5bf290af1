import { constants } from 'node:os';
import type { ClientChannel } from 'ssh2';
import { keepOutput } from '../system/process-output.ts';

export interface CommandOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
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
  readonly timedOut: (timeoutMs: number) => Error;
  /** Why the channel was closed without an exit status. */
  readonly noExitStatus: () => Error;
  /** Why the whole session is over; undefined where it is not. */
  readonly sessionOver: () => Error | undefined;
}

/**
 * Collects the output of a command that was just started on a channel. Closes the channel, and so ends the command,
 * when the signal aborts or the time is over.
 */
export function collectOutcome(
  channel: ClientChannel,
  { signal, timeoutMs }: CommandOptions,
  errors: CommandErrors,
): RunningCommand {
  const released = new Promise<void>((resolve) => channel.once('close', () => resolve()));
  const outcome = new Promise<CommandOutcome>((resolve, reject) => {
    const stdout = keepOutput(channel);
    const stderr = keepOutput(channel.stderr);
    let code: number | undefined;
    const stop = (reason: unknown) => {
      reject(reason);
      channel.close();
    };
    const onAbort = () => stop(signal?.reason);
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => stop(errors.timedOut(timeoutMs)), timeoutMs);
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

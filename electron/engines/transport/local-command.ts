import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fail } from '../../../shared/problem.ts';
import { signalGroup } from '../../system/process-group.ts';
import { keepOutput } from '../../system/process-output.ts';
import type { CommandResult } from './transport.ts';

/**
 * Runs a command in a POSIX shell on this computer, as {@link Transport.run} does on a node.
 * @throws Failure `engine.unreachable` if the command does not finish in time; the reason of the signal
 */
export function runLocalCommand(
  name: string,
  command: string,
  { signal, timeoutMs }: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // It gets a process group of its own, so that its child processes can be stopped with it.
    const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const stdout = keepOutput(child.stdout);
    const stderr = keepOutput(child.stderr);
    const stop = (reason: unknown) => {
      reject(reason);
      if (child.pid !== undefined) {
        signalGroup(child.pid, 'SIGTERM');
      }
    };
    const stopWaiting = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const onAbort = () => stop(signal?.reason);
    const onTimeout = () =>
      stop(
        fail(
          'engine.unreachable',
          `Node ${name} did not finish \`${command.slice(0, 60)}\` within ${(timeoutMs ?? 0) / 1000} s.`,
          'The machine may be overloaded. Try again later.',
        ),
      );
    const timer = timeoutMs === undefined ? undefined : setTimeout(onTimeout, timeoutMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    child.once('error', (error) => {
      stopWaiting();
      reject(
        fail(
          'engine.unsupported',
          `Node ${name}: this computer has no shell that could run a command.`,
          'Connect to another machine over SSH, or to this one if it has an SSH server.',
          error.message,
          error,
        ),
      );
    });
    child.once('close', (exitCode, killedBy) => {
      stopWaiting();
      const code = exitCode ?? 128 + (killedBy ? constants.signals[killedBy] : 0);
      resolve({ code, stdout: stdout(), stderr: stderr() });
    });
  });
}

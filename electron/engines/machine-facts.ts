/** Facts about a node's machine that are read the same way for every engine. */
import { z } from 'zod';
import type { Node } from '../../shared/node.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { shellQuote } from '../system/shell-quote.ts';
import type { EngineApi } from './api/engine-api.ts';
import type { Transport } from './transport/transport.ts';

/** A name or version that an engine reports, safe to show and not longer than such a text is. */
export const foreignLineSchema = z.string().transform((text) => sanitizeLine(text, 64));

/** Milliseconds for a short command. A probe continues without its output if the node refuses commands or they hang. */
const commandTimeoutMs = 10_000;

/** Milliseconds that one small request takes. */
export async function measureLatency(api: EngineApi, signal?: AbortSignal): Promise<number> {
  const start = performance.now();
  const response = await api.transport
    .request({ method: 'GET', path: '/_ping', timeoutMs: 30_000, ...(signal ? { signal } : {}) })
    .catch((error: unknown) => {
      throw api.toFailure(error, 'respond', signal);
    });
  await api.readText('respond', response.body, signal);
  return Math.round((performance.now() - start) * 10) / 10;
}

/** Prints what {@link readLoad} and {@link readAvailableMemory} read. */
export const printLoadCommand =
  'echo "load-average $(cat /proc/loadavg 2>/dev/null)"; grep -E "^MemAvailable:" /proc/meminfo 2>/dev/null';

/** The load average over the last minute, from the output of {@link printLoadCommand} and of other commands. */
export function readLoad(printed: string): Pick<Node, 'load'> {
  const [, load] = /^load-average (\d{1,6}\.\d{1,4}) /m.exec(printed) ?? [];
  return load === undefined ? {} : { load: Number(load) };
}

/**
 * The memory in bytes that programs can get, from the output of {@link printLoadCommand}. What engines report as free does not have
 * the memory of file caches, which is nearly all after a build.
 */
export function readAvailableMemory(printed: string): number | undefined {
  const [, kilobytes] = /^MemAvailable:\s+(\d{1,12}) kB$/m.exec(printed) ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** The folders of image storage on nodes, as their last probes have found them. */
const storageFolders = new WeakMap<Transport, string>();

/** Notes where the engine behind a transport stores images, for {@link measureMachine}. */
export function noteStorageFolder(transport: Transport, folder: string): void {
  storageFolders.set(transport, folder);
}

/** What changes on a machine from minute to minute. Free memory and disk are in bytes. */
export interface Measurement {
  readonly load?: number;
  readonly memoryFree?: number;
  readonly diskFree?: number;
}

/**
 * Reads what changes on the machine of a node, with one command that takes a few milliseconds there. It does not count as a use of
 * the transport.
 * @throws Failure if the node runs no commands or does not answer; the reason of the signal
 */
export async function measureMachine(transport: Transport, signal: AbortSignal): Promise<Measurement> {
  const folder = storageFolders.get(transport);
  const command = folder === undefined ? printLoadCommand : `${printLoadCommand}; df -kP ${shellQuote(folder)}`;
  const { stdout } = await transport.run(command, { timeoutMs: commandTimeoutMs, signal, isObservation: true });
  const memoryFree = readAvailableMemory(stdout);
  const [, diskFree] = /^\S.*\s\d+\s+\d+\s+(\d{1,15})\s+\d+%\s/m.exec(stdout) ?? [];
  return {
    ...readLoad(stdout),
    ...(memoryFree === undefined ? {} : { memoryFree }),
    ...(diskFree === undefined ? {} : { diskFree: Number(diskFree) * 1024 }),
  };
}

/** The size and free space of the file system that holds a folder of the node, in bytes; zeros if unknown. */
export async function measureDiskSpace(
  transport: Transport,
  folder: string,
  signal?: AbortSignal,
): Promise<NonNullable<Node['disk']>> {
  const output = await commandOutput(transport, `df -kP ${shellQuote(folder)}`, signal);
  const [, total = 0, , free = 0] = (output.trim().split('\n')[1] ?? '').split(/\s+/).map(Number);
  return { total: (total || 0) * 1024, free: (free || 0) * 1024 };
}

/** The standard output of a command, or an empty string if it cannot be run. */
export async function commandOutput(transport: Transport, command: string, signal?: AbortSignal): Promise<string> {
  try {
    // Unlike `timeoutMs`, this signal also limits the wait for a free SSH session, of which a node may have few.
    const timeout = AbortSignal.timeout(commandTimeoutMs);
    const options = { timeoutMs: commandTimeoutMs, signal: signal ? AbortSignal.any([signal, timeout]) : timeout };
    return (await transport.run(command, options)).stdout;
  } catch {
    return '';
  }
}

export function unsupportedPlatformProblem(node: string, platform: string): Failure {
  return fail(
    'engine.unsupported',
    `Node ${node} runs on ${platform}, which Barnraiser does not support.`,
    'Use a Linux node with a common processor architecture.',
  );
}

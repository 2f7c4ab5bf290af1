/** What is asked of a node's machine, whatever its engine. */
import type { Node } from '../../shared/node.ts';
import { type Failure, fail } from '../../shared/problem.ts';
import { quote } from '../system/shell-quote.ts';
import type { EngineApi } from './engine-api.ts';
import type { Transport } from './transport/transport.ts';

/** Milliseconds for a command that answers at once; where commands are refused or hang, a probe goes on without. */
const commandPatience = 10_000;

/** Milliseconds that one small request takes. */
export async function pingTime(api: EngineApi, signal?: AbortSignal): Promise<number> {
  const start = performance.now();
  const response = await api.transport
    .request({ method: 'GET', path: '/_ping', timeoutMs: 30_000, ...(signal ? { signal } : {}) })
    .catch((error: unknown) => {
      throw api.failureOf(error, 'answer', signal);
    });
  await api.textOf('answer', response.body, signal);
  return Math.round((performance.now() - start) * 10) / 10;
}

/** The file system that holds a folder of the node, in bytes; zeros where nobody tells. */
export async function spaceAt(transport: Transport, folder: string, signal?: AbortSignal): Promise<Node['disk']> {
  const output = await printed(transport, `df -kP ${quote(folder)}`, signal);
  const [, total = 0, , free = 0] = (output.trim().split('\n')[1] ?? '').split(/\s+/).map(Number);
  return { total: (total || 0) * 1024, free: (free || 0) * 1024 };
}

/** What a command prints, and nothing where it cannot be run. */
export async function printed(transport: Transport, command: string, signal?: AbortSignal): Promise<string> {
  try {
    // the signal counts the wait for room on the line too, of which a node with few sessions may have none
    const patience = AbortSignal.timeout(commandPatience);
    const options = { timeoutMs: commandPatience, signal: signal ? AbortSignal.any([signal, patience]) : patience };
    return (await transport.run(command, options)).stdout;
  } catch {
    return '';
  }
}

export function unsupportedPlatform(node: string, platform: string): Failure {
  return fail(
    'engine.unsupported',
    `Node ${node} runs on ${platform}, for which Barnraiser cannot build.`,
    'Use a node with Linux on one of the usual processors.',
  );
}

/** The contexts that a podman node keeps, as things that take space. See `context-cache.ts`. */
import { toTime } from '../api/stored-items.ts';
import type { StoredItem } from '../engine.ts';
import type { Transport } from '../transport/transport.ts';
import { listContextsCommand, removeContextsCommand } from './context-cache-program.ts';

/** More than a node keeps. */
const maxListed = 1000;
/** So many names make a command that every system accepts. */
const maxRemoved = 200;

const commandTimeoutMs = 60_000;
const linePattern = /^(\d{1,12}) (\d{1,15}) ([0-9a-f]{64,128}\.tar|part-[\w.-]{1,100})$/;

/** None if the node refuses commands, or has no `stat`. A file that an interrupted transfer left begins with `part-`. */
export async function listContexts(transport: Transport, signal: AbortSignal | undefined): Promise<StoredItem[]> {
  const output = await run(transport, listContextsCommand, signal);
  return output.split('\n', maxListed).flatMap((line): StoredItem[] => {
    const [, seconds, bytes, file] = linePattern.exec(line) ?? [];
    return file === undefined
      ? []
      : [
          {
            kind: 'context',
            id: file,
            names: [],
            bytes: Number(bytes),
            ...toTime('usedAt', Number(seconds) * 1000),
            parents: [],
            isUsed: false,
          },
        ];
  });
}

/** Removes files that {@link listContexts} has named. Builds that are reading one go on. */
export async function removeContexts(
  transport: Transport,
  files: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let from = 0; from < files.length; from += maxRemoved) {
    await run(transport, removeContextsCommand(files.slice(from, from + maxRemoved)), signal);
  }
}

async function run(transport: Transport, command: string, signal: AbortSignal | undefined): Promise<string> {
  if (!transport.openCommand) {
    return '';
  }
  const options = { timeoutMs: commandTimeoutMs, ...(signal ? { signal } : {}) };
  const ran = transport.run(command, options).catch(() => ({ stdout: '' }));
  return (await ran).stdout;
}

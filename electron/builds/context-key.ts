/**
 * The name under which an engine keeps the files of a project for its next build. The engine takes a file for unchanged by its
 * path, size, mode and time. So the name changes when a file has another content than a file with the same values had before.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { dataFormats } from '../../shared/data-formats.ts';
import type { ContextFile, ContextSource } from '../context/context-source.ts';
import { withFileLock } from '../system/file-lock.ts';

export const contextKeySuffix = '.context-key';

/** A file that was changed so shortly before it was read may change again in the same tick of the clock. In milliseconds. */
const maxTickMs = 10_000;

/** The name changes when more is known. */
const maxFiles = 200_000;

/** Enough to tell files and contents from each other. */
const digestCharacters = 22;

const { version } = dataFormats.contextKeys;

export const contextKeySchema = z.object({
  version: z.literal(version),
  key: z.string(),
  /** The contents by what engines compare, both as digests. Only of files whose time may stay when their content changes. */
  files: z.record(z.string(), z.string()),
});
type Memory = z.infer<typeof contextKeySchema>;

/**
 * Finds the name for a context. Never rejects: without a memory, nothing that an engine keeps is used.
 * @param path the file that remembers it
 */
export async function findContextKey(path: string, context: ContextSource): Promise<string> {
  try {
    return await withFileLock(path, async (assertHeld) => {
      const before = await readMemory(path);
      const after = await withContext(before, context);
      if (after !== before) {
        assertHeld();
        await writeFileAtomic(path, JSON.stringify(after), { mode: 0o600 });
      }
      return after.key;
    });
  } catch {
    return randomUUID();
  }
}

async function readMemory(path: string): Promise<Memory | undefined> {
  try {
    return contextKeySchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

async function withContext(memory: Memory | undefined, context: ContextSource): Promise<Memory> {
  const known = new Map(Object.entries(memory?.files ?? {}));
  const current: [string, string][] = [];
  const mayKeepTime = timeCheck(context);
  let isAltered = false;
  for await (const file of context.files()) {
    if (file.kind === 'file' && (known.size > 0 || mayKeepTime(file))) {
      const compared = shortDigest([file.path, file.size, file.mode, file.modifiedMs].join('\0'));
      const content = shortDigest(file.digest);
      isAltered ||= known.has(compared) && known.get(compared) !== content;
      if (mayKeepTime(file)) {
        current.push([compared, content]);
      }
    }
  }
  const added = current.filter(([compared]) => !known.has(compared));
  if (!memory || isAltered || known.size + added.length > maxFiles) {
    return { version, key: randomUUID(), files: Object.fromEntries(current) };
  }
  return added.length === 0 ? memory : { ...memory, files: Object.fromEntries([...known, ...added]) };
}

/** Could a change leave a file with the same time? Programs such as tar set times in whole seconds. */
function timeCheck({ readFromMs = Date.now() }: ContextSource): (file: ContextFile) => boolean {
  return ({ modifiedMs }) => modifiedMs % 1000 === 0 || modifiedMs > readFromMs - maxTickMs;
}

function shortDigest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, digestCharacters);
}

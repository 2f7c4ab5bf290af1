import { once } from 'node:events';
import { constants } from 'node:fs';
import type { Header, Pack } from 'tar-stream';
import { readFileInChunks } from './read-file.ts';
import { type ContextEntry, readProblem } from './walk.ts';

type EntryStream = ReturnType<Pack['entry']>;

/**
 * Writes one entry of a context and resolves when the tar has accepted all of it.
 * @param content the content of a file that was read already; other files are read in chunks of `chunkBytes`
 */
export async function writeEntry(
  tar: Pack,
  entry: ContextEntry,
  content: Buffer | undefined,
  { chunkBytes, signal }: { readonly chunkBytes: number; readonly signal: AbortSignal },
): Promise<void> {
  const header = headerOf(entry);
  let stream: EntryStream | undefined;
  const ended = new Promise<void>((resolve, reject) => {
    const onEnd = (error?: Error | null) => (error ? reject(error) : resolve());
    stream = content ? tar.entry(header, content, onEnd) : tar.entry(header, onEnd);
  });
  if (entry.kind === 'file' && !content && stream) {
    await Promise.all([ended, copyFile(entry.source, entry.size, stream, chunkBytes, signal)]);
  }
  await ended;
}

/** The bytes of an entry's content in a tar, which consists of blocks of 512 bytes. */
export function paddedSize(entry: ContextEntry): number {
  return entry.kind === 'file' ? Math.ceil(entry.size / 512) * 512 : 0;
}

async function copyFile(
  source: string,
  size: number,
  stream: EntryStream,
  chunkBytes: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const chunk of readFileInChunks(source, size, chunkBytes)) {
      signal.throwIfAborted();
      if (!stream.write(chunk)) {
        await once(stream, 'drain', { signal });
      }
    }
  } catch (error) {
    throw readProblem(source, error);
  }
  stream.end(undefined);
}

/** tar-stream writes seconds as a signed 32-bit number. */
const maxSeconds = 2 ** 31 - 1;

/** Times outside the range of a tar become the nearest time that it can hold. Owner and group are left out. */
function headerOf(entry: ContextEntry): Partial<Header> & Pick<Header, 'name'> {
  const seconds = Math.min(Math.max(Math.floor(entry.modifiedMs / 1000), 0), maxSeconds);
  const common = {
    // tar-stream takes mode 0 for a missing mode. S_IFREG avoids that, and the header drops this bit.
    mode: entry.mode | constants.S_IFREG,
    uid: 0,
    gid: 0,
    mtime: new Date(seconds * 1000),
  };
  switch (entry.kind) {
    case 'folder':
      return { ...common, name: `${entry.path}/`, type: 'directory' };
    case 'file':
      return { ...common, name: entry.path, type: 'file', size: entry.size };
    case 'symlink':
      return { ...common, name: entry.path, type: 'symlink', linkname: entry.target };
    case 'hardlink':
      return { ...common, name: entry.path, type: 'link', linkname: entry.target };
  }
}

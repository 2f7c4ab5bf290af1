import { once } from 'node:events';
import { constants } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { type Header, type Pack, pack as tarPack } from 'tar-stream';
import { readFileInChunks } from './read-file.ts';
import { type ContextEntry, readProblem } from './walk.ts';

const blockBytes = 512;

/** A tar ends with two empty blocks. */
const endBytes = 2 * blockBytes;

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

/** The bytes of an entry without content in a tar. */
export async function emptyEntry(entry: ContextEntry): Promise<Buffer> {
  const tar = tarPack();
  tar.entry({ ...headerOf(entry), size: 0 }).end(undefined);
  tar.finalize();
  const bytes = await buffer(tar);
  return bytes.subarray(0, bytes.length - endBytes);
}

/** Whether an entry needs more than one block before its content: a long name, or a time that one block cannot hold. */
export async function needsLongHeader(entry: ContextEntry): Promise<boolean> {
  return (await emptyEntry(entry)).length > blockBytes;
}

/** The bytes of an entry's content in a tar, which consists of blocks. */
export function paddedSize(entry: ContextEntry): number {
  return entry.kind === 'file' ? Math.ceil(entry.size / blockBytes) * blockBytes : 0;
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

/** The greatest time that tar-stream writes into a header, in seconds since 1970. */
const maxSeconds = 2 ** 31 - 1;

/** The typings of tar-stream lack the records of a pax header. */
type EntryHeader = Partial<Header> & Pick<Header, 'name'> & { readonly pax?: Readonly<Record<string, string>> };

/** A time that the header cannot hold is in a pax header as well. Owner and group are left out. */
function headerOf(entry: ContextEntry): EntryHeader {
  const seconds = Math.floor(entry.modifiedMs / 1000);
  const heldSeconds = Math.min(Math.max(seconds, 0), maxSeconds);
  const common = {
    // tar-stream takes mode 0 for a missing mode. S_IFREG avoids that, and the header drops this bit.
    mode: entry.mode | constants.S_IFREG,
    uid: 0,
    gid: 0,
    mtime: new Date(heldSeconds * 1000),
    ...(seconds === heldSeconds ? {} : { pax: { mtime: String(seconds) } }),
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

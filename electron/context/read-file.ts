import { closeSync, constants, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { fail } from '../../shared/problem.ts';

/** A symlink that has replaced a file since the walk must not lead out of the context. */
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);

/** Reads the first `size` bytes of a file with blocking calls. @throws Failure `context.changed` if the file is shorter now */
export function readFileNow(path: string, size: number): Buffer {
  const file = openSync(path, flags);
  try {
    const content = Buffer.allocUnsafe(size);
    for (let position = 0; position < size; ) {
      const bytes = readSync(file, content, position, size - position, position);
      position += bytes || throwTruncated(path);
    }
    return content;
  } finally {
    closeSync(file);
  }
}

/**
 * Reads the first `size` bytes of a file in order, in buffers of at most `chunkBytes` that the caller may keep.
 * @throws Failure `context.changed` if the file is shorter now
 */
export async function* readFileInChunks(path: string, size: number, chunkBytes: number): AsyncGenerator<Buffer> {
  const file = await open(path, flags);
  try {
    for (let position = 0; position < size; ) {
      // Not from Node's buffer pool, so that each chunk is freed on its own.
      const chunk = Buffer.allocUnsafeSlow(Math.min(chunkBytes, size - position));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
      position += bytesRead || throwTruncated(path);
      yield bytesRead < chunk.length ? chunk.subarray(0, bytesRead) : chunk;
    }
  } finally {
    await file.close();
  }
}

function throwTruncated(path: string): never {
  throw fail(
    'context.changed',
    `${path} became shorter while the context was being packed.`,
    'Build again when nothing writes to the project folder, or add the changing files to the ignore file.',
  );
}

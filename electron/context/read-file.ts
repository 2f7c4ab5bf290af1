import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { fail } from '../../shared/problem.ts';
import { withoutWaiting } from './project-file.ts';

/**
 * What has replaced a file since the walk must not lead out of the context, as a symlink can, or make the app wait, as a pipe
 * can.
 */
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | withoutWaiting;

/**
 * Reads the first `size` bytes of a file with blocking calls.
 * @throws Failure `context.changed` if the file is shorter now, or no file any more
 */
export function readFileNow(path: string, size: number): Buffer {
  const file = openSync(path, flags);
  try {
    assertIsFile(path, fstatSync(file));
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
 * @throws Failure `context.changed` if the file is shorter now, or no file any more
 */
export async function* readFileInChunks(path: string, size: number, chunkBytes: number): AsyncGenerator<Buffer> {
  const file = await open(path, flags);
  try {
    assertIsFile(path, await file.stat());
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

function assertIsFile(path: string, stats: { isFile(): boolean }): void {
  if (!stats.isFile()) {
    throwChanged(path, 'was replaced');
  }
}

function throwTruncated(path: string): never {
  throwChanged(path, 'became shorter');
}

function throwChanged(path: string, change: string): never {
  throw fail(
    'context.changed',
    `${path} ${change} while the context was being packed.`,
    'Build again when nothing writes to the project folder, or add the changing files to the ignore file.',
  );
}

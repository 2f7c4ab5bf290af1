import { closeSync, constants, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { fail } from '../../shared/problem.ts';

/** A link that took the place of a file since it was looked at must not lead out of the context. */
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);

/** The first `size` bytes of a file, read while everything else waits. @throws Failure `context.changed` */
export function readNow(path: string, size: number): Buffer {
  const file = openSync(path, flags);
  try {
    const content = Buffer.allocUnsafe(size);
    for (let position = 0; position < size; ) {
      const bytes = readSync(file, content, position, size - position, position);
      position += bytes || gotShorter(path);
    }
    return content;
  } finally {
    closeSync(file);
  }
}

/**
 * The first `size` bytes of a file in order, as buffers of at most `pieceBytes` that nobody else uses.
 * @throws Failure `context.changed` where the file has fewer bytes by now
 */
export async function* readPieces(path: string, size: number, pieceBytes: number): AsyncGenerator<Buffer> {
  const file = await open(path, flags);
  try {
    for (let position = 0; position < size; ) {
      // not from the pool, so that each piece is freed on its own
      const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, size - position));
      const { bytesRead } = await file.read(piece, 0, piece.length, position);
      position += bytesRead || gotShorter(path);
      yield bytesRead < piece.length ? piece.subarray(0, bytesRead) : piece;
    }
  } finally {
    await file.close();
  }
}

function gotShorter(path: string): never {
  throw fail(
    'context.changed',
    `${path} got shorter while the context was being packed.`,
    'Build again when nothing is writing to the project folder, or add what changes to the ignore file.',
  );
}

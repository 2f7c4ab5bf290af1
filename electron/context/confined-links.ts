import { posix } from 'node:path';
import { Readable } from 'node:stream';

/** A part of a stream, in bytes, and what replaces it. */
export interface StreamEdit {
  readonly start: number;
  readonly length: number;
  readonly bytes: Buffer;
}

/** A part of a stream with edits: one that stays as it is, one that is replaced, or what replaces it. */
export interface EditedPart {
  readonly kind: 'same' | 'old' | 'new';
  readonly bytes: Buffer;
}

/**
 * What a symlink whose target is outside the context leads to instead, for an engine that refuses such links: the same
 * path, seen from a root that is the context. An image has the same link if the context is copied no deeper than the link
 * leads out.
 * @returns undefined for a link that stays inside
 */
export function confinedTarget(path: string, target: string): string | undefined {
  // engines resolve an absolute target inside the context, too, from the folder of the link
  const resolved = posix.join(posix.dirname(path), target);
  if (resolved !== '..' && !resolved.startsWith('../')) {
    return undefined;
  }
  return posix.isAbsolute(target) ? posix.normalize(target) : posix.join('/', resolved);
}

/**
 * Replaces parts of a stream.
 * @param edits in the order of the stream. More may be added while the stream has not reached them.
 */
export function withEdits(stream: Readable, edits: readonly StreamEdit[]): Readable {
  async function* read(): AsyncGenerator<Buffer> {
    for await (const { kind, bytes } of splitByEdits(stream, edits)) {
      if (kind !== 'old') {
        yield bytes;
      }
    }
  }
  return Readable.from(read(), { objectMode: false });
}

/** The parts of a stream in its order, each replaced one after what replaces it. See {@link withEdits}. */
export async function* splitByEdits(stream: Readable, edits: readonly StreamEdit[]): AsyncGenerator<EditedPart> {
  let position = 0;
  let index = 0;
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) {
      throw new TypeError('A tar consists of buffers.');
    }
    let rest = chunk;
    for (let next = edits[index]; next && next.start < position + rest.length; next = edits[index]) {
      if (next.start >= position) {
        const same = rest.subarray(0, next.start - position);
        if (same.length > 0) {
          yield { kind: 'same', bytes: same };
        }
        yield { kind: 'new', bytes: next.bytes };
        rest = rest.subarray(same.length);
        position = next.start;
      }
      const old = rest.subarray(0, next.start + next.length - position);
      if (old.length > 0) {
        yield { kind: 'old', bytes: old };
      }
      rest = rest.subarray(old.length);
      position += old.length;
      if (position < next.start + next.length) {
        break; // the rest of what is replaced is in the next chunk
      }
      index++;
    }
    if (rest.length > 0) {
      yield { kind: 'same', bytes: rest };
    }
    position += rest.length;
  }
}

import { createHash, type Hash } from 'node:crypto';
import type { Digest } from '../../shared/image.ts';

export function digestOf(bytes: Uint8Array): Digest {
  return digestOfHash(createHash('sha256').update(bytes));
}

/** The digest of everything that was written into a sha256 hash. The hash cannot be used afterwards. */
export function digestOfHash(hash: Hash): Digest {
  return `sha256:${hash.digest('hex')}`;
}

import { Readable } from 'node:stream';
import { fail } from '../../shared/problem.ts';
import { digestOf } from '../images/digest.ts';
import type { BlobSource } from './blob-source.ts';

/** Small blobs in memory. */
export function bufferSource(contents: readonly Buffer[]): BlobSource {
  const blobs = new Map(contents.map((content) => [digestOf(content), content]));
  const find = (digest: string): Buffer => {
    const content = blobs.get(digest as `sha256:${string}`);
    if (!content) {
      throw fail('image.incomplete', `The blob ${digest} is missing.`, 'Start again.');
    }
    return content;
  };
  return {
    size: async (digest) => find(digest).length,
    read: (digest, { start = 0 } = {}) => Readable.from([find(digest).subarray(start)], { objectMode: false }),
  };
}

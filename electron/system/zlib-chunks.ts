/**
 * For streams of `node:zlib`. Each chunk is a task for a thread: with those of 16 KiB that Node makes, layers take three times as
 * long and twice the processor time.
 */
export const zlibChunks = { chunkSize: 256 * 1024 } as const;

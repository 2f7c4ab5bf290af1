import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { fail } from '../../shared/failure.ts';
import { withoutWaiting } from './project-file.ts';

/**
 * What has replaced a file since the walk must not lead out of the context, as a symlink can, or make the app wait, as a pipe
 * can.
 */
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | withoutWaiting;

/** A file that is open for reading with blocking calls. */
export interface OpenFile {
  readonly state: Stats;
  /**
   * Fills a part of a buffer with what follows.
   * @throws Failure `context.changed` if the file ends before
   */
  fill(buffer: Buffer, start: number, end: number): void;
}

/**
 * Opens a file for as long as `use` runs.
 * @throws Failure `context.changed` if something else has replaced it
 */
export function withFile<T>(path: string, use: (file: OpenFile) => T): T {
  const file = openSync(path, flags);
  try {
    const state = fstatSync(file);
    assertIsFile(path, state);
    return use({
      state,
      fill(buffer, start, end) {
        for (let position = start; position < end; ) {
          position += readSync(file, buffer, position, end - position, null) || throwTruncated(path);
        }
      },
    });
  } finally {
    closeSync(file);
  }
}

/**
 * Reads the first `size` bytes of a file in the thread pool, so that a slow disk can work on several files at once.
 * @throws Failure like {@link withFile}
 */
export async function readFile(path: string, size: number): Promise<{ state: Stats; content: Buffer }> {
  const file = await open(path, flags);
  try {
    const state = await file.stat();
    assertIsFile(path, state);
    const content = Buffer.allocUnsafe(size);
    for (let filled = 0; filled < size; ) {
      filled += (await file.read(content, filled, size - filled, filled)).bytesRead || throwTruncated(path);
    }
    return { state, content };
  } finally {
    await file.close();
  }
}

function assertIsFile(path: string, stats: { isFile(): boolean }): void {
  if (!stats.isFile()) {
    throw changedProblem(path, 'was replaced');
  }
}

function throwTruncated(path: string): never {
  throw changedProblem(path, 'became shorter');
}

/** The problem of a file that is no longer what the walk found. */
export function changedProblem(path: string, change: string): Error {
  return fail(
    'context.changed',
    `${path} ${change} while the context was being packed.`,
    'Build again when nothing writes to the project folder, or add the changing files to the ignore file.',
  );
}

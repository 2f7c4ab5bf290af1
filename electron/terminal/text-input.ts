import { constants, createReadStream, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Failure } from '../../shared/problem.ts';
import { abortable } from '../system/abortable.ts';
import type { TerminalFrontEndOptions } from './front-end.ts';

export interface TextInput {
  /** A path, or a file descriptor: 0 for standard input. */
  readonly from: string | number;
  readonly maxBytes: number;
  /** The failure to throw if it cannot be read. Without a detail, it is larger than {@link maxBytes}. */
  failure(detail?: string): Failure;
}

/**
 * Reads a text that a person gave, to its end: a file, a pipe or standard input.
 * @throws the failure of the input, and the abort reason of `interrupted`
 */
export async function readTextInput(
  { options: { input, interrupted } }: { readonly options: Pick<TerminalFrontEndOptions, 'input' | 'interrupted'> },
  { from, maxBytes, failure }: TextInput,
): Promise<string> {
  const descriptor = typeof from === 'number' ? from : descriptorOf(from);
  const stream = descriptor === 0 ? input : open(descriptor ?? String(from), failure);
  try {
    return await abortable(interrupted, readToEnd(stream, maxBytes, failure));
  } finally {
    stream.destroy();
  }
}

/** The file descriptor that a path stands for, such as the `/dev/fd/63` that a shell makes of `<(command)`. */
export function descriptorOf(path: string): number | undefined {
  if (path === '-' || path === '/dev/stdin') {
    return 0;
  }
  const digits = /^\/(?:dev|proc\/self)\/fd\/(\d{1,6})$/.exec(path)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Pipes are not read like files, because a read that waits for their other end would keep the program from ending. */
function open(from: string | number, failure: TextInput['failure']): Readable {
  try {
    const fd = typeof from === 'number' ? from : openSync(from, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = fstatSync(fd);
    if (stats.isFIFO() || stats.isSocket()) {
      return new Socket({ fd, readable: true, writable: false });
    }
    if (stats.isFile()) {
      return createReadStream('', { fd, start: 0 });
    }
  } catch (error) {
    throw failure(error instanceof Error ? error.message : String(error));
  }
  throw failure('It is a folder or a device.');
}

async function readToEnd(stream: Readable, maxBytes: number, failure: TextInput['failure']): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      const part = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      chunks.push(part);
      bytes += part.length;
      if (bytes > maxBytes) {
        throw failure();
      }
    }
  } catch (error) {
    throw error instanceof Error && 'code' in error ? failure(error.message) : error;
  }
  return Buffer.concat(chunks, bytes).toString('utf8');
}

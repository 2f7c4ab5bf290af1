/**
 * The file beside a log that says for each line where it begins and what is known about it. All records have the same size, so
 * that a range of lines is found at once, also while the log is being written.
 */
import { open } from 'node:fs/promises';
import { type LogStream, logStreamSchema } from '../../shared/log.ts';

/** What is known about a line of a log beside its text. */
export interface LineFacts {
  readonly stream: LogStream;
  /** When it arrived, in milliseconds since 1970. */
  readonly time: number;
  /** The number of the line that names its step, see `Step.firstLine`. */
  readonly stepLine?: number | undefined;
}

export interface LineRecord extends LineFacts {
  /** Where the line begins in the log, in bytes. */
  readonly offset: number;
}

/** Offset: 5 bytes; stream: 1 byte; time: 6 bytes; line of the step, counted from 1, or 0: 4 bytes. Little-endian. */
const recordBytes = 16;
const streams = logStreamSchema.options;

export function recordsPath(logPath: string): string {
  return `${logPath}.lines`;
}

export function encodeRecord({ offset, stream, time, stepLine = -1 }: LineRecord): Buffer {
  const bytes = Buffer.alloc(recordBytes);
  bytes.writeUIntLE(offset, 0, 5);
  bytes.writeUInt8(streams.indexOf(stream), 5);
  bytes.writeUIntLE(time, 6, 6);
  bytes.writeUInt32LE(stepLine + 1, 12);
  return bytes;
}

/** The records of a range of lines, and how many lines the log has. Undefined for a log of an older version. */
export async function readRecords(
  logPath: string,
  from: number,
  count: number,
): Promise<{ records: LineRecord[]; total: number } | undefined> {
  const handle = await open(recordsPath(logPath), 'r').catch(() => undefined);
  try {
    const stats = await handle?.stat();
    if (!handle || !stats) {
      return undefined;
    }
    const total = Math.floor(stats.size / recordBytes);
    const bytes = Buffer.alloc(Math.max(0, Math.min(count, total - from)) * recordBytes);
    await handle.read(bytes, 0, bytes.length, from * recordBytes);
    const records = Array.from({ length: bytes.length / recordBytes }, (_, index) =>
      decodeRecord(bytes.subarray(index * recordBytes, (index + 1) * recordBytes)),
    );
    return { records, total };
  } finally {
    await handle?.close();
  }
}

function decodeRecord(bytes: Buffer): LineRecord {
  const stepLine = bytes.readUInt32LE(12);
  return {
    offset: bytes.readUIntLE(0, 5),
    stream: streams[bytes.readUInt8(5)] ?? 'engine',
    time: bytes.readUIntLE(6, 6),
    ...(stepLine === 0 ? {} : { stepLine: stepLine - 1 }),
  };
}

/** Reads logs of older versions, which have no record for each line but the offset of every n-th line, written at their end. */
import { open, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { readLines } from './log-text.ts';

const lineStride = 256;

/** Byte offsets of every {@link lineStride}-th line of a log, and the size of the log. */
const indexSchema = z.object({ lines: z.number(), bytes: z.number(), offsets: z.array(z.number()) });
type LogIndex = z.infer<typeof indexSchema>;

/** At most `count` lines, and how many lines the log has. A missing log has no lines. */
export async function readOldLog(
  path: string,
  from: number,
  count: number,
): Promise<{ lines: string[]; total: number }> {
  const { lines: total, offsets } = (await loadIndex(path)) ?? (await createIndex(path));
  const start = offsets[Math.floor(from / lineStride)];
  const isInside = from < total && start !== undefined;
  return { lines: isInside ? await readLines(path, start, from % lineStride, count) : [], total };
}

async function loadIndex(path: string): Promise<LogIndex | undefined> {
  try {
    return indexSchema.parse(JSON.parse(await readFile(`${path}.index`, 'utf8')));
  } catch {
    return undefined; // the app was closed before it wrote the index
  }
}

/** Creates the index by reading the whole log. */
async function createIndex(path: string): Promise<LogIndex> {
  const index: LogIndex = { lines: 0, bytes: 0, offsets: [] };
  const handle = await open(path, 'r').catch(() => undefined);
  let position = 0;
  for await (const chunk of handle?.createReadStream() ?? []) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, end + 1)) {
      if (index.lines % lineStride === 0) {
        index.offsets.push(index.bytes);
      }
      index.lines += 1;
      index.bytes = position + end + 1;
    }
    position += bytes.length;
  }
  return index;
}

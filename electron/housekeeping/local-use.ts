/** What the data folder of this computer holds, and how much space is left there. */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { localParts } from '../../shared/storage-kinds.ts';
import type { LocalUse } from '../../shared/storage-use.ts';
import { readDiskSpace } from '../system/disk-space.ts';

type LocalPart = (typeof localParts)[number];

/** The folders of the data folder, by what they are for. */
const parts: Readonly<Record<string, LocalPart>> = {
  images: 'images',
  contexts: 'contexts',
  'context-layouts': 'contexts',
  builds: 'builds',
  bakes: 'builds',
  repositories: 'repositories',
  spool: 'temporary',
};

/** Measures the data folder. What cannot be read is left out. @throws the reason of the signal */
export async function localUse(home: string, signal?: AbortSignal): Promise<LocalUse> {
  const sums = new Map<LocalPart, { count: number; bytes: number }>();
  for await (const name of namesIn(home)) {
    const part = parts[name] ?? 'other';
    const sum = sums.get(part) ?? { count: 0, bytes: 0 };
    sums.set(part, sum);
    await measure(join(home, name), sum, signal);
  }
  const disk = await readDiskSpace(home);
  return {
    folder: home,
    parts: [...sums].filter(([, { count }]) => count > 0).map(([name, sum]) => ({ name, ...sum })),
    ...(disk ? { disk } : {}),
  };
}

async function measure(
  path: string,
  sum: { count: number; bytes: number },
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isDirectory()) {
    for await (const name of namesIn(path)) {
      await measure(join(path, name), sum, signal);
    }
  } else if (stats) {
    sum.count += 1;
    sum.bytes += stats.size;
  }
}

async function* namesIn(folder: string): AsyncGenerator<string> {
  try {
    for await (const { name } of await opendir(folder)) {
      yield name;
    }
  } catch {
    // it is gone, or must not be read
  }
}

import { call } from '../../api.ts';
import type { LogSource } from './log-source.ts';

/** The most that the app gives at once. */
const rangeLines = 10_000;

declare global {
  interface Window {
    /** File System Access API: Chromium only, and not in frames. */
    readonly showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
  }
}

/** The lines of a range in parts, read as they are taken; `last` is taken, too. @throws Failure */
export async function* linesOf(
  source: LogSource,
  first: number,
  last: number,
  signal?: AbortSignal,
): AsyncGenerator<readonly string[]> {
  const { id, platform } = source;
  for (let from = first; from <= last; ) {
    signal?.throwIfAborted();
    const { lines } = await call('builds.log', { id, platform, from, count: Math.min(rangeLines, last - from + 1) });
    if (lines.length === 0) {
      return;
    }
    yield lines;
    from += lines.length;
  }
}

export interface SaveOptions {
  readonly source: LogSource;
  readonly name: string;
  readonly signal: AbortSignal;
  /** How much of it is written, from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/**
 * Writes the log as it is now into a file, colours included. Where the browser can write files it asks where to and never
 * holds more than a part; else the file is a download. Returns false where the person has chosen no file.
 * @throws Failure, and the signal's reason
 */
export async function saveLog({ source, name, signal, onProgress }: SaveOptions): Promise<boolean> {
  const stream = streamOf(source, signal, onProgress);
  if (window.showSaveFilePicker) {
    let file: FileSystemFileHandle;
    try {
      file = await window.showSaveFilePicker({ suggestedName: name });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') {
        return false;
      }
      throw error;
    }
    await stream.pipeTo(await file.createWritable(), { signal });
    return true;
  }
  // a blob that is made from a stream is kept by the browser, on disk where it is large
  const blob = await new Response(stream).blob();
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return true;
}

function streamOf(
  source: LogSource,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { total } = source;
  const parts = linesOf(source, 0, total - 1, signal);
  const encoder = new TextEncoder();
  let written = 0;
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await parts.next();
      if (done) {
        controller.close();
        return;
      }
      controller.enqueue(encoder.encode(`${value.join('\n')}\n`));
      written += value.length;
      onProgress(written / total);
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
}

/** A name for the file: `api-1.4-linux-arm64.log`. */
export function fileNameOf(reference: string, platform: string): string {
  return `${reference.slice(reference.lastIndexOf('/') + 1)}-${platform}`.replaceAll(/[^\w.-]+/g, '-').concat('.log');
}

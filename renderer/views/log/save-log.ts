import { call } from '../../api.ts';
import type { LogSource } from './log-source.ts';

/** The maximum number of lines that the app returns per call. */
const maxRangeLines = 10_000;

declare global {
  interface Window {
    /** File System Access API: available in Chromium only, and not in frames. */
    readonly showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
  }
}

/** Yields the lines from `first` to `last`, including `last`, in chunks that are read on demand. @throws Failure */
export async function* readLines(
  source: LogSource,
  first: number,
  last: number,
  signal?: AbortSignal,
): AsyncGenerator<readonly string[]> {
  const { id, platform } = source;
  for (let from = first; from <= last; ) {
    signal?.throwIfAborted();
    const { lines } = await call('builds.log', { id, platform, from, count: Math.min(maxRangeLines, last - from + 1) });
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
  /** Called with the written share of the log, from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/**
 * Saves the current log to a file, including colours. If the browser supports it, the user selects the file and the log is
 * streamed to it; else the log is downloaded. Returns false if the user cancels the file dialog.
 * @throws Failure, and the reason of the signal
 */
export async function saveLog({ source, name, signal, onProgress }: SaveOptions): Promise<boolean> {
  const stream = createStream(source, signal, onProgress);
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
  // the browser stores a blob that is read from a stream, on disk if it is large
  const blob = await new Response(stream).blob();
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return true;
}

function createStream(
  source: LogSource,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { total } = source;
  const chunks = readLines(source, 0, total - 1, signal);
  const encoder = new TextEncoder();
  let written = 0;
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await chunks.next();
      if (done) {
        controller.close();
        return;
      }
      controller.enqueue(encoder.encode(`${value.join('\n')}\n`));
      written += value.length;
      onProgress(written / total);
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
}

/** The default name of a log file: `api-1.4-linux-arm64.log`. */
export function logFileName(reference: string, platform: string): string {
  return `${reference.slice(reference.lastIndexOf('/') + 1)}-${platform}`.replaceAll(/[^\w.-]+/g, '-').concat('.log');
}

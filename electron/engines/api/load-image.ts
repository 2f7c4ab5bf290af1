import type { Readable } from 'node:stream';
import { sanitizeLine } from '../../../shared/untrusted-text.ts';
import type { EngineApi } from './engine-api.ts';

/**
 * Sends an archive to `POST images/load`, while it is made. The archive is destroyed at the end.
 * @param read reads the response to its end and throws what it reports
 * @throws Failure `engine.*`, or the error of the archive
 */
export async function loadArchive<T>(
  api: EngineApi,
  action: string,
  archive: Readable,
  read: (body: Readable) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  let failure: unknown;
  archive.once('error', (error) => {
    failure = error;
  });
  try {
    const body = await api.openStream(action, {
      method: 'POST',
      path: 'images/load',
      headers: { 'Content-Type': 'application/x-tar' },
      body: archive,
      signal,
    });
    return await read(body);
  } catch (error) {
    throw signal.aborted ? error : (failure ?? error);
  } finally {
    archive.destroy();
  }
}

/** Names of images as an engine says them. */
export function cleanNames(names: readonly string[]): string[] {
  return names.slice(0, 100).map((name) => sanitizeLine(name));
}

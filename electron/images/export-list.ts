import { resolve } from 'node:path';
import { fail } from '../../shared/problem.ts';
import { exportArchive } from './export-archive.ts';
import { exportFolder } from './export-folder.ts';
import type { ExportContent, ExportDestination, ExportOptions } from './export-types.ts';
import type { ImageStore } from './image-store.ts';
import { blobsOf } from './stored-list.ts';

/**
 * Writes a list with all of its images where other tools can read it, and returns the path and the bytes of the blobs.
 * - `oci:FOLDER[:NAME]`: a new or empty folder, or an OCI layout, which keeps its other images.
 * - `oci-archive:FILE[:NAME]`: a new tar file.
 *
 * Without NAME the list keeps its reference. A failed or cancelled export is removed again.
 * @throws Failure `image.unknown`, `image.destination`, `image.corrupt`, `disk.full`, `settings.unwritable`
 */
export async function exportList(
  store: ImageStore,
  reference: string,
  destination: string,
  options: ExportOptions = {},
): Promise<{ path: string; bytes: number }> {
  const target = parseDestination(destination, reference);
  const { stored, lease } = await store.leaseList(reference);
  try {
    const { digest, mediaType, bytes } = stored.list;
    const blobs = blobsOf(stored);
    const content: ExportContent = { blobs, descriptor: { mediaType, digest, size: bytes.length } };
    await (target.kind === 'oci' ? exportFolder : exportArchive)(store, content, target, options);
    return { path: target.path, bytes: blobs.reduce((sum, { size }) => sum + size, 0) };
  } finally {
    await lease.release();
  }
}

function parseDestination(text: string, reference: string): ExportDestination {
  // a colon after a drive letter belongs to the path
  const match = /^(oci|oci-archive):((?:[A-Za-z]:[\\/])?[^:]+)(?::(.+))?$/.exec(text);
  const [, kind, path, name] = match ?? [];
  if ((kind !== 'oci' && kind !== 'oci-archive') || !path) {
    throw fail(
      'image.destination',
      `"${text}" is not a valid export destination.`,
      'Enter oci:FOLDER for an OCI layout, or oci-archive:FILE for a tar file.',
    );
  }
  return { kind, path: resolve(path), name: name ?? reference };
}

import type { BlobStore } from '../blob-store.ts';
import type { OpenAdmission } from './admission.ts';
import { ReceiverError } from './receiver-error.ts';

/** What a request refers to: the admission of its credentials, and the parts of its URL. */
export interface RequestTarget {
  readonly admission: OpenAdmission;
  /** The blobs of the image store. */
  readonly blobs: BlobStore;
  readonly repository: string;
  readonly kind: 'blobs' | 'uploads' | 'manifests';
  /** A digest, a tag, or the id of an upload; empty for a new upload. */
  readonly name: string;
  readonly query: URLSearchParams;
}

/** @throws ReceiverError for an unknown path, or for a repository that the credentials do not give access to. */
export function parseTarget(
  admission: OpenAdmission,
  blobs: BlobStore,
  path: string,
  query: URLSearchParams,
): RequestTarget {
  const match = /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests)\/([^/]*)$/.exec(path);
  const [, repository = '', noun = '', name = ''] = match ?? [];
  if (!match) {
    throw new ReceiverError(404, 'UNSUPPORTED', 'unknown path');
  }
  if (repository !== admission.repository) {
    throw new ReceiverError(403, 'DENIED', `these credentials do not give access to ${repository}`);
  }
  const kind = noun === 'blobs/uploads' ? 'uploads' : noun === 'blobs' ? 'blobs' : 'manifests';
  return { admission, blobs, repository, kind, name, query };
}

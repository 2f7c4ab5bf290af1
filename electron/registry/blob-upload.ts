import type { Digest } from '../../shared/image.ts';
import { Failure } from '../../shared/problem.ts';
import { BlobReader, type BlobSource } from './blob-source.ts';
import { discardBody, type HttpResponse, headerOf } from './http.ts';
import { isTransientError, networkFailure } from './network-errors.ts';
import { alteredContentFailure } from './response-failures.ts';
import { isTransientStatus, maxAttempts } from './retry.ts';
import type { RegistrySession } from './session.ts';
import { UploadSession, type UploadSessionOptions } from './upload-session.ts';

export interface BlobUpload
  extends Partial<Pick<UploadSessionOptions, 'mountFrom' | 'isAskedFirst' | 'onNotThere' | 'chunkBytes'>> {
  readonly digest: Digest;
  readonly blobs: BlobSource;
  /** Called with the bytes of the blob that were sent so far. The number decreases if a part must be sent again. */
  readonly onSent: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Uploads one blob, in up to {@link maxAttempts} attempts. A PUT sends the whole blob, or a PATCH if the registry refuses that. After a lost connection, the
 * registry is asked how much it has, and only the rest is sent. If it has nothing (Docker's own registry forgets what a request
 * that broke off has sent), the blob starts again, in chunks if it is large. Attempts count from the last progress. A cancelled or failed upload is deleted from the registry if possible.
 * @returns whether nothing was sent, because the registry mounted the blob from another repository, or had it
 * @throws Failure `registry.*`, `image.corrupt`; the reason of the signal
 */
export async function uploadBlob(session: RegistrySession, upload: BlobUpload): Promise<boolean> {
  const { digest, blobs, mountFrom = [], isAskedFirst = true, onNotThere, chunkBytes, onSent, signal } = upload;
  const reader = new BlobReader(digest, await blobs.size(digest), blobs, onSent);
  const uploadSession = new UploadSession(session, reader, {
    ...{ mountFrom, isAskedFirst, onNotThere, chunkBytes, onSent, signal },
  });
  try {
    await sendWithResume(session, uploadSession, reader, upload);
    return uploadSession.isMounted;
  } catch (error) {
    await uploadSession.delete();
    throw error;
  }
}

async function sendWithResume(
  session: RegistrySession,
  uploadSession: UploadSession,
  reader: BlobReader,
  { digest, onSent, signal }: BlobUpload,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const { isResumed, isChunked, offset } = uploadSession;
    let response: HttpResponse | undefined;
    try {
      response = await uploadSession.send();
      if (response.status >= 200 && response.status < 300) {
        await discardBody(response);
        uploadSession.complete();
        assertStoredDigest(session, response, digest);
        onSent(reader.size);
        return;
      }
      if (!isTransientStatus(response.status) || attempt === maxAttempts) {
        const failure = await session.failureOf(response, `the upload of the blob ${digest}`);
        const isPutRefused = refusesPut(response, failure) && uploadSession.switchToPatch();
        // the registry may reject the rest of a blob, or chunks, and still accept the whole blob
        if (attempt === maxAttempts || !(isResumed || isChunked || isPutRefused)) {
          throw failure;
        }
      }
      await discardBody(response);
    } catch (error) {
      signal.throwIfAborted();
      if (reader.failure || error instanceof Failure) {
        throw reader.failure ?? error;
      }
      if (!isTransientError(error) || attempt === maxAttempts) {
        throw networkFailure('the registry', uploadSession.url, error, session.registry);
      }
      // a registry that refuses a PUT may close the connection before its answer is read
      if (attempt > 1) {
        uploadSession.switchToPatch();
      }
    }
    await session.waitBeforeRetry(attempt, response, signal);
    const wasRejected = response !== undefined && !isTransientStatus(response.status);
    if (await uploadSession.prepareRetry((isResumed || isChunked) && wasRejected)) {
      return;
    }
    if (uploadSession.offset > offset) {
      // the connection is bad, but a part has arrived
      attempt = 0;
    }
  }
}

/** Whether the registry may accept a blob in a PATCH that it has refused in a PUT. It knows best whether the blob is damaged. */
function refusesPut({ status }: HttpResponse, { problem }: Failure): boolean {
  return (
    [400, 404, 405, 406, 409, 411, 415, 416, 422, 501].includes(status) && !problem.detail?.includes('DIGEST_INVALID')
  );
}

function assertStoredDigest(session: RegistrySession, response: HttpResponse, digest: Digest): void {
  const storedDigest = headerOf(response, 'docker-content-digest');
  if (storedDigest !== undefined && storedDigest !== digest) {
    throw alteredContentFailure(
      `The registry ${session.registry} stored a blob with the digest ${storedDigest} instead of ${digest}.`,
    );
  }
}

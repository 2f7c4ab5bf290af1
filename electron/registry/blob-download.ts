import { createHash } from 'node:crypto';
import type { Digest } from '../../shared/image.ts';
import { Failure } from '../../shared/problem.ts';
import { digestOfHash } from '../images/digest.ts';
import { assertPlain, discardBody, type HttpResponse, headerOf } from './http.ts';
import { isTransientError, networkFailure } from './network-errors.ts';
import { alteredContentFailure } from './response-failures.ts';
import { isTransientStatus, maxAttempts } from './retry.ts';
import type { RegistrySession } from './session.ts';

export interface BlobDownload {
  readonly digest: Digest;
  /** Bytes, as the manifest says. A blob of another size is refused. */
  readonly size: number;
  /** The first byte that is read: 0 by default. Only a blob that is read from its beginning has its digest checked. */
  readonly offset?: number;
  readonly signal: AbortSignal;
}

/** A blob whose connection is lost more often is given up, even if some bytes arrive each time. */
const maxResumes = 200;

/**
 * The bytes of a blob. After a lost connection, only the rest is requested again; a registry that sends the whole blob all the
 * same has its first bytes skipped. Redirects to other hosts are followed without the authorization.
 *
 * The digest is known at the end: nothing of the blob may be used before the iteration has ended.
 * @throws Failure `registry.*`; the reason of the signal
 */
export async function* downloadBlob(session: RegistrySession, download: BlobDownload): AsyncGenerator<Buffer> {
  const { digest, size, offset = 0, signal } = download;
  const hash = offset === 0 ? createHash('sha256') : undefined;
  const url = session.url(`blobs/${digest}`);
  let position = offset;
  let attempt = 1;
  for (let resumes = 0; position < size; resumes += 1) {
    const start = position;
    let response: HttpResponse | undefined;
    try {
      const headers: Record<string, string> = position > 0 ? { range: `bytes=${position}-` } : {};
      response = await session.sendOnce({ method: 'GET', url, headers }, signal);
      if (isTransientStatus(response.status) && attempt < maxAttempts) {
        await discardBody(response);
      } else {
        if (response.status < 400) {
          assertPlain(response);
        }
        const skipped = await assertRange(session, response, download, position);
        for await (const chunk of rest(response, skipped)) {
          position += chunk.length;
          if (position > size) {
            throw wrongSizeFailure(session, digest, size, `more than ${size}`);
          }
          hash?.update(chunk);
          yield chunk;
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Failure) {
        throw error;
      }
      const isGivenUp = (position === start && attempt >= maxAttempts) || resumes >= maxResumes;
      if (!isTransientError(error) || isGivenUp) {
        throw networkFailure('the registry', response?.url ?? url, error, session.registry);
      }
    } finally {
      // also where the reader has stopped
      response?.body.destroy();
    }
    if (position < size) {
      attempt = position > start ? 1 : attempt + 1;
      if (attempt > maxAttempts || resumes >= maxResumes) {
        throw wrongSizeFailure(session, digest, size, `only ${position}`);
      }
      await session.waitBeforeRetry(attempt, response, signal);
    }
  }
  const actual = hash ? digestOfHash(hash) : digest;
  if (actual !== digest) {
    throw alteredContentFailure(
      `The registry ${session.registry} returned a blob with the digest ${actual} instead of ${digest}.`,
    );
  }
}

/** @returns how many bytes of the response come before `position`. @throws Failure `registry.refused` */
async function assertRange(
  session: RegistrySession,
  response: HttpResponse,
  { digest, size }: BlobDownload,
  position: number,
): Promise<number> {
  if (response.status === 200) {
    const length = headerOf(response, 'content-length');
    if (length !== undefined && Number(length) !== size) {
      throw wrongSizeFailure(session, digest, size, length);
    }
    return position;
  }
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headerOf(response, 'content-range') ?? '') ?? [];
  if (response.status !== 206 || start === undefined) {
    throw await session.failureOf(response, `the request for the blob ${digest}`);
  }
  if (total !== '*' && Number(total) !== size) {
    throw wrongSizeFailure(session, digest, size, total ?? '');
  }
  if (Number(start) > position) {
    throw alteredContentFailure(
      `The registry ${session.registry} returned the blob ${digest} from byte ${start} instead of ${position}.`,
    );
  }
  return position - Number(start);
}

/** The bytes of a response without its first ones. */
async function* rest(response: HttpResponse, skipped: number): AsyncGenerator<Buffer> {
  let toSkip = skipped;
  for await (const chunk of response.body) {
    const bytes = Buffer.from(chunk);
    if (toSkip < bytes.length) {
      yield toSkip === 0 ? bytes : bytes.subarray(toSkip);
    }
    toSkip = Math.max(0, toSkip - bytes.length);
  }
}

function wrongSizeFailure(session: RegistrySession, digest: Digest, size: number, actual: string): Failure {
  return alteredContentFailure(
    `The registry ${session.registry} returned the blob ${digest} with ${actual} bytes instead of ${size}.`,
  );
}

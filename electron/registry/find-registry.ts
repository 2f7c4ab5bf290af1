import { fail } from '../../shared/problem.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { addressOf, discardBody, type HttpClient, type HttpResponse } from './http.ts';
import {
  isHandshakeDrop,
  isTlsError,
  isTransientError,
  isUntrustedCertificate,
  networkErrorCode,
  networkFailure,
} from './network-errors.ts';
import { plainHttpFailure } from './response-failures.ts';
import { sendWithRetries, type Wait } from './retry.ts';

export interface FindRegistryOptions {
  /** The host of a reference; Docker Hub is `docker.io`. */
  readonly registry: string;
  /** True: only https with a trusted certificate. False: https with any certificate, otherwise plain HTTP. */
  readonly tlsVerify: boolean;
  readonly signal: AbortSignal;
  readonly wait?: Wait | undefined;
}

/**
 * Finds out by `GET /v2/` whether a registry uses https or http, and which authentication it requires.
 * @throws Failure `registry.unreachable`, `registry.tls`, or `registry.refused` if the server is not a registry.
 */
export async function findRegistry(
  http: HttpClient,
  { registry, tlsVerify, signal, wait }: FindRegistryOptions,
): Promise<{ origin: string; challenges: Challenge[] }> {
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const httpsUrl = new URL(`https://${host}/v2/`);
  // the registry must be the host of its name: a redirect could send the login to another host
  const sendGet = (url: URL) => http.send({ method: 'GET', url, signal, redirect: 'manual' });

  /** Uses plain HTTP only if it is allowed. Otherwise, plain HTTP is only tried to explain the error of https. */
  async function sendOnce(): Promise<HttpResponse> {
    try {
      return await sendGet(httpsUrl);
    } catch (error) {
      signal.throwIfAborted();
      const mayBePlainHttp = (isTlsError(error) && !isUntrustedCertificate(error)) || isHandshakeDrop(error);
      const plainResponse =
        !tlsVerify || mayBePlainHttp ? await sendGet(new URL(`http://${host}/v2/`)).catch(() => undefined) : undefined;
      // servers of https answer plain HTTP with 400
      const isPlainHttp = plainResponse !== undefined && plainResponse.status !== 400;
      if (isPlainHttp && !tlsVerify) {
        return plainResponse;
      }
      if (plainResponse) {
        await discardBody(plainResponse);
      }
      throw isPlainHttp ? plainHttpFailure(registry) : error;
    }
  }

  const response = await sendWithRetries(sendOnce, {
    signal,
    wait,
    toFailure: (error) => networkFailure('the registry', httpsUrl, error),
    // a refused connection is usually a wrong port, which is reported at once
    isRetryable: (error) => isTransientError(error) && networkErrorCode(error) !== 'ECONNREFUSED',
  });
  await discardBody(response);
  if (!isRegistryResponse(response)) {
    throw fail(
      'registry.refused',
      `The server at ${addressOf(response.url)} is not a registry: it answered GET /v2/ with HTTP status ${response.status}.`,
      'Check the host name and the port of the registry.',
    );
  }
  return { origin: response.url.origin, challenges: parseChallenges(response.headers['www-authenticate']) };
}

/** Registries answer `GET /v2/` with 200, with 401 if they require authentication, and some always with 403. */
function isRegistryResponse(response: HttpResponse): boolean {
  return [200, 401, 403].includes(response.status);
}

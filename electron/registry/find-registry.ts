import { Failure, fail } from '../../shared/problem.ts';
import { isHandshakeDrop, isTlsError, networkErrorCode } from '../system/tls-errors.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { addressOf, discardBody, type HttpClient, type HttpResponse, maxRedirects, redirectLocation } from './http.ts';
import {
  clientCertificateFailure,
  isTransientError,
  isUntrustedCertificate,
  networkFailure,
} from './network-errors.ts';
import { plainHttpFailure, readErrorMessage } from './response-failures.ts';
import { sendWithRetries, type Wait } from './retry.ts';

export interface FindRegistryOptions {
  /** The host of a reference; Docker Hub is `docker.io`. */
  readonly registry: string;
  /** True: only https with a trusted certificate. False: https with any certificate, otherwise plain HTTP. */
  readonly tlsVerify: boolean;
  /** Plain HTTP, without an attempt of https. */
  readonly plainHttp?: boolean;
  readonly signal: AbortSignal;
  readonly wait?: Wait | undefined;
}

/**
 * Finds out by `GET /v2/` whether a registry uses https or http, and which authentication it requires.
 * @throws Failure `registry.unreachable`, `registry.tls`, or `registry.refused` if the server is not a registry.
 */
export async function findRegistry(
  http: HttpClient,
  { registry, tlsVerify, plainHttp = false, signal, wait }: FindRegistryOptions,
): Promise<{ origin: string; challenges: Challenge[] }> {
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const firstUrl = new URL(`${plainHttp ? 'http' : 'https'}://${host}/v2/`);

  /** Follows redirects on the same host only: another host could ask for the login. */
  async function sendGet(url: URL): Promise<HttpResponse> {
    let response = await http.send({ method: 'GET', url, signal, redirect: 'manual' });
    for (let redirects = 0; redirects < maxRedirects; redirects += 1) {
      const next = redirectOf(response, http);
      if (!next || !isSameServer(url, next)) {
        break;
      }
      await discardBody(response);
      response = await http.send({ method: 'GET', url: next, signal, redirect: 'manual' });
    }
    return response;
  }

  /** Undefined if there is no answer. @throws Failure for an answer that may not be followed */
  async function tryPlainHttp(): Promise<HttpResponse | undefined> {
    try {
      return await sendGet(new URL(`http://${host}/v2/`));
    } catch (error) {
      if (error instanceof Failure) {
        throw error;
      }
      return undefined;
    }
  }

  /** Uses plain HTTP only if it is allowed. Otherwise, plain HTTP is only tried to explain the error of https. */
  async function sendOnce(): Promise<HttpResponse> {
    try {
      return await sendGet(firstUrl);
    } catch (error) {
      signal.throwIfAborted();
      if (plainHttp) {
        throw error;
      }
      const mayBePlainHttp = (isTlsError(error) && !isUntrustedCertificate(error)) || isHandshakeDrop(error);
      const plainResponse = !tlsVerify || mayBePlainHttp ? await tryPlainHttp() : undefined;
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
    toFailure: (error) => networkFailure('the registry', firstUrl, error, registry),
    // a refused connection is usually a wrong port, which is reported at once
    isRetryable: (error) => isTransientError(error) && networkErrorCode(error) !== 'ECONNREFUSED',
  });
  if (!isRegistryResponse(response)) {
    throw await noRegistryFailure(response, registry, redirectOf(response, http));
  }
  await discardBody(response);
  return { origin: response.url.origin, challenges: parseChallenges(response.headers['www-authenticate']) };
}

/** The URL that a redirect leads to. @throws Failure `registry.tls`, `registry.refused` */
function redirectOf(response: HttpResponse, http: HttpClient): URL | undefined {
  const location = redirectLocation(response);
  return location === undefined ? undefined : http.resolveLocation(response.url, location);
}

/** Whether both URLs are of one server. The server of plain HTTP may lead to its own https at the usual port. */
function isSameServer(from: URL, to: URL): boolean {
  const isUpgrade = from.protocol === 'http:' && to.protocol === 'https:' && to.port === '' && from.port === '';
  return to.origin === from.origin || (isUpgrade && to.hostname === from.hostname);
}

async function noRegistryFailure(
  response: HttpResponse,
  registry: string,
  redirect: URL | undefined,
): Promise<Failure> {
  const message = await readErrorMessage(response);
  const address = addressOf(response.url);
  if (redirect) {
    return fail(
      'registry.refused',
      `The server at ${address} is not a registry: it redirects to ${redirect.host}.`,
      `If the registry is ${redirect.host}, push to it by that name.`,
    );
  }
  // 495 and 496 are nginx's own
  if ([400, 495, 496].includes(response.status) && /certificate/i.test(message ?? '')) {
    return clientCertificateFailure('the registry', address, registry, message);
  }
  return fail(
    'registry.refused',
    `The server at ${address} is not a registry: it answered GET /v2/ with HTTP status ${response.status}.`,
    'Check the host name and the port of the registry.',
    message,
  );
}

/** Registries answer `GET /v2/` with 200, with 401 if they require authentication, and some always with 403. */
function isRegistryResponse(response: HttpResponse): boolean {
  return [200, 401, 403].includes(response.status);
}

import { Failure, fail } from '../../shared/problem.ts';
import { pathsOf, systemPaths } from '../system/system-paths.ts';
import { certificateReasons, isClientCertificateError, isTlsError, networkErrorCode } from '../system/tls-errors.ts';
import { certificateFolders } from './certificates.ts';
import { addressOf, type HttpResponse, readBody } from './http.ts';

const connectionReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'the host name was not found',
  EAI_AGAIN: 'the DNS server did not respond',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'the network is unreachable',
  ETIMEDOUT: 'it did not respond in time',
  ERR_NO_RESPONSE: 'it accepted the request but did not respond in time',
  ERR_NO_BODY: 'its response stopped before the end',
  UND_ERR_CONNECT_TIMEOUT: 'it did not respond in time',
  UND_ERR_HEADERS_TIMEOUT: 'it accepted the request but did not respond in time',
  UND_ERR_BODY_TIMEOUT: 'its response stopped before the end',
  ECONNRESET: 'the connection was lost',
  EPIPE: 'the connection was lost',
  UND_ERR_SOCKET: 'the connection was lost',
};

const transientCodes = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'ENETUNREACH',
  'ENETDOWN',
  'EHOSTUNREACH',
  'EAI_AGAIN',
  'ERR_NO_RESPONSE',
  'ERR_NO_BODY',
  // of undici, for connections through a proxy
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_INFO',
]);

/** Whether a retry may succeed: after a lost connection, a timeout, or a restart of the server. */
export function isTransientError(error: unknown): boolean {
  return transientCodes.has(networkErrorCode(error));
}

/** Whether the server speaks TLS and only its certificate is not trusted. */
export function isUntrustedCertificate(error: unknown): boolean {
  return networkErrorCode(error) in certificateReasons;
}

/**
 * Turns a network error into a failure: `registry.tls` or `registry.unreachable`.
 * @param server the server inside a sentence, such as `the registry`.
 * @param registry the registry whose certificates the connection used.
 */
export function networkFailure(server: string, url: URL, error: unknown, registry: string): Failure {
  const code = networkErrorCode(error);
  const address = addressOf(url);
  const proxy = proxyProblem(url, error);
  if (proxy) {
    return fail(
      'registry.unreachable',
      `Could not reach ${server} at ${address}: ${proxy.reason}.`,
      proxy.fix,
      undefined,
      error,
    );
  }
  const certificateReason = certificateReasons[code];
  if (certificateReason) {
    return fail(
      'registry.tls',
      `The certificate of ${server} at ${address} is not trusted: ${certificateReason}.`,
      `If your own certificate authority signed it, save the certificate of that authority as ${certificatePath(registry, 'ca.crt')}, or add it to the certificates of this computer.`,
      code,
      error,
    ).offering({ id: 'push-without-tls', reason: 'certificate' });
  }
  if (isClientCertificateError(code)) {
    return clientCertificateFailure(server, address, registry, code, error);
  }
  if (isTlsError(error)) {
    return fail(
      'registry.tls',
      `Could not establish a TLS connection to ${server} at ${address}.`,
      'Check that the port is right and that the server supports TLS 1.2 or newer.',
      code,
      error,
    );
  }
  const reason = connectionReasons[code] ?? (code || 'its response is not valid');
  return fail(
    'registry.unreachable',
    `Could not reach ${server} at ${address}: ${reason}.`,
    'Check the host name and the port, that the registry is running, and the environment variables HTTPS_PROXY and NO_PROXY.',
    undefined,
    error,
  );
}

/**
 * The text of an answer that is not requested again.
 * @param server the server inside a sentence, such as `the token server of ghcr.io`.
 * @throws Failure `registry.*`
 */
export async function readAnswer(
  response: HttpResponse,
  maxBytes: number,
  server: string,
  registry: string,
): Promise<string> {
  try {
    return (await readBody(response, maxBytes)).toString('utf8');
  } catch (error) {
    throw error instanceof Failure ? error : networkFailure(server, response.url, error, registry);
  }
}

/** What a proxy in between is to blame for. Undefined if it is not the proxy, or there is none. */
function proxyProblem(url: URL, error: unknown): { readonly reason: string; readonly fix: string } | undefined {
  const { message = '', port, cause } = error instanceof Error ? (error as Error & { port?: unknown }) : {};
  const text = `${message} ${cause instanceof Error ? cause.message : ''}`;
  const [, answered] = /Proxy response \((\d+)\)/.exec(text) ?? [];
  const status = text.includes('Proxy Authentication Required') ? '407' : answered;
  const settings = 'the proxy setting of the registry, or the environment variables HTTPS_PROXY and NO_PROXY';
  if (status === '407') {
    const form = 'http://USER:PASSWORD@proxy.example.com:3128';
    return {
      reason: 'the proxy requires a login',
      fix: `Add it to the address of the proxy, as in ${form}: ${settings}.`,
    };
  }
  if (status !== undefined) {
    const reason = `the proxy refused to connect to it with HTTP status ${status}`;
    return { reason, fix: `Ask its administrator to allow ${addressOf(url)}, or check ${settings}.` };
  }
  const own = Number(addressOf(url).split(':').at(-1));
  return networkErrorCode(error) === 'ECONNREFUSED' && typeof port === 'number' && port !== own
    ? { reason: `the proxy at port ${port} refused the connection`, fix: `Check ${settings}.` }
    : undefined;
}

/** The server wants a client certificate: there is none, or it is not accepted. */
export function clientCertificateFailure(
  server: string,
  address: string,
  registry: string,
  detail?: string,
  cause?: unknown,
): Failure {
  return fail(
    'registry.tls',
    `Could not establish a TLS connection to ${server} at ${address}: it requires a client certificate that it accepts.`,
    `Save the certificate as ${certificatePath(registry, 'client.cert')} and its key as client.key in the same folder.`,
    detail,
    cause,
  );
}

/** Where podman, docker and Barnraiser find a certificate for a registry. */
function certificatePath(registry: string, file: string): string {
  const [folder = ''] = certificateFolders(registry, systemPaths());
  return pathsOf(process.platform).join(folder, file);
}

import { type Failure, fail } from '../../shared/problem.ts';
import { errnoCode } from '../system/file-errors.ts';
import { pathsOf, systemPaths } from '../system/system-paths.ts';
import { certificateFolders } from './certificates.ts';
import { addressOf } from './http.ts';

const connectionReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'the host name was not found',
  EAI_AGAIN: 'the DNS server did not respond',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'the network is unreachable',
  ETIMEDOUT: 'it did not respond in time',
  UND_ERR_CONNECT_TIMEOUT: 'it did not respond in time',
  UND_ERR_HEADERS_TIMEOUT: 'it accepted the request but did not respond in time',
  UND_ERR_BODY_TIMEOUT: 'its response stopped before the end',
  ECONNRESET: 'the connection was lost',
  EPIPE: 'the connection was lost',
  UND_ERR_SOCKET: 'the connection was lost',
  UND_ERR_ABORTED: 'the proxy refused to connect to it',
};

const certificateReasons: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'it is signed by an unknown certificate authority',
  UNABLE_TO_GET_ISSUER_CERT: 'it is signed by an unknown certificate authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'it is signed by an unknown certificate authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'it is signed by an unknown certificate authority',
  CERT_UNTRUSTED: 'it is signed by an untrusted certificate authority',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  CERT_REVOKED: 'it was revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it was issued for another host name',
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
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_INFO',
]);

/** The code of an error. For an error of several addresses of a host, the code of the first. Empty if there is none. */
export function networkErrorCode(error: unknown): string {
  return errnoCode(error) ?? (error instanceof AggregateError ? networkErrorCode(error.errors[0]) : '');
}

/** Whether a retry may succeed: after a lost connection, a timeout, or a restart of the server. */
export function isTransientError(error: unknown): boolean {
  return transientCodes.has(networkErrorCode(error));
}

/** Whether the server speaks TLS and only its certificate is not trusted. */
export function isUntrustedCertificate(error: unknown): boolean {
  return networkErrorCode(error) in certificateReasons;
}

/** Whether TLS failed after the server was reached. */
export function isTlsError(error: unknown): boolean {
  const code = networkErrorCode(error);
  return code in certificateReasons || code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_');
}

/** Whether the server closed the connection during the TLS handshake, as servers of plain HTTP often do. */
export function isHandshakeDrop(error: unknown): boolean {
  return error instanceof Error && error.message.includes('before secure TLS connection was established');
}

/** Whether the server ended the TLS handshake because it wants another client certificate or any at all. */
function isClientCertificateError(code: string): boolean {
  return /^ERR_SSL_\w*(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|ALERT_UNKNOWN_CA|CERTIFICATE_UNKNOWN)$/.test(code);
}

/**
 * Turns a network error into a failure: `registry.tls` or `registry.unreachable`.
 * @param server the server inside a sentence, such as `the registry`.
 * @param registry the registry whose certificates the connection used.
 */
export function networkFailure(server: string, url: URL, error: unknown, registry: string): Failure {
  const code = networkErrorCode(error);
  const address = addressOf(url);
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

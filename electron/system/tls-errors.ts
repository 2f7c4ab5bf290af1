/** What the error codes of Node's network and TLS mean. Electron's BoringSSL has other names for some than OpenSSL. */
import { errnoCode } from './file-errors.ts';

/** Why a certificate of a server is not trusted, as the end of a sentence that begins with the certificate. */
export const certificateReasons: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'it is signed by an unknown certificate authority',
  UNABLE_TO_GET_ISSUER_CERT: 'it is signed by an unknown certificate authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'it is signed by an unknown certificate authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'it is signed by an unknown certificate authority',
  CERT_SIGNATURE_FAILURE: 'it is signed by an unknown certificate authority',
  CERT_UNTRUSTED: 'it is signed by an untrusted certificate authority',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  CERT_REVOKED: 'it was revoked',
  INVALID_PURPOSE: 'it is not a certificate for a server',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it was issued for another host name',
};

/** The code of an error. For an error of several addresses of a host, the code of the first. Empty if there is none. */
export function networkErrorCode(error: unknown): string {
  return errnoCode(error) ?? (error instanceof AggregateError ? networkErrorCode(error.errors[0]) : '');
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
export function isClientCertificateError(code: string): boolean {
  return /^ERR_SSL_\w*(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|ALERT_UNKNOWN_CA|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED|CERTIFICATE_REVOKED|UNSUPPORTED_CERTIFICATE)$/.test(
    code,
  );
}

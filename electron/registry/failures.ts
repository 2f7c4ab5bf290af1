import { type Failure, fail } from '../../shared/problem.ts';
import type { Credentials } from './credentials.ts';
import { errorCode } from './retry.ts';

/** What a registry that did not do as it was asked is called, in sentences for people. None of them holds a credential. */

const networkReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'no such host is known',
  EAI_AGAIN: 'the name server did not answer',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  ETIMEDOUT: 'it did not answer in time',
  UND_ERR_CONNECT_TIMEOUT: 'it did not answer in time',
  UND_ERR_HEADERS_TIMEOUT: 'it took the request and did not answer in time',
  UND_ERR_BODY_TIMEOUT: 'its answer stopped half way',
  ECONNRESET: 'the connection broke off',
  EPIPE: 'the connection broke off',
  UND_ERR_SOCKET: 'the connection broke off',
  UND_ERR_ABORTED: 'the proxy refused to connect to it',
};

const certificateReasons: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'it is signed by an authority that this computer does not know',
  UNABLE_TO_GET_ISSUER_CERT: 'it is signed by an authority that this computer does not know',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'it is signed by an authority that this computer does not know',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'it is signed by an authority that this computer does not know',
  CERT_UNTRUSTED: 'it is signed by an authority that this computer does not trust',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  CERT_REVOKED: 'it was revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it was made out for another name',
};

/** Does the other side speak TLS, and only its certificate is not to be trusted? */
export function isUntrustedCertificate(error: unknown): boolean {
  return errorCode(error) in certificateReasons;
}

/** Is TLS what failed, and not the way to the registry? */
export function isTlsError(error: unknown): boolean {
  const code = errorCode(error);
  return code in certificateReasons || code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_');
}

/** Did the other side hang up while TLS was being set up, as servers of plain http often do? */
export function isHandshakeDrop(error: unknown): boolean {
  return error instanceof Error && error.message.includes('before secure TLS connection was established');
}

/** `host:port` of a URL, also where the port is the usual one. */
export function addressOf(url: URL): string {
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`;
}

/** A network's error as a failure. `who` names the server, e.g. `The registry`. */
export function networkFailure(who: string, url: URL, error: unknown): Failure {
  const code = errorCode(error);
  if (isTlsError(error)) {
    const reason = certificateReasons[code];
    return reason
      ? fail(
          'registry.tls',
          `${who} at ${addressOf(url)} shows a certificate that cannot be trusted: ${reason}.`,
          'If the certificate is of an authority of your own, name that in NODE_EXTRA_CA_CERTS=/path/to/ca.pem. To do without verification for this push, use --tls-verify=false.',
          code,
          error,
        )
      : fail(
          'registry.tls',
          `${who} at ${addressOf(url)} and Barnraiser could not agree on TLS.`,
          'Check that the port is right and that the server takes TLS 1.2 or newer.',
          code,
          error,
        );
  }
  const reason = networkReasons[code] ?? (code || 'its answer makes no sense');
  return fail(
    'registry.unreachable',
    `${who} at ${addressOf(url)} cannot be reached: ${reason}.`,
    'Check the name and the port, that the registry is running, and what HTTPS_PROXY and NO_PROXY say.',
    undefined,
    error,
  );
}

export function plainHttp(registry: string): Failure {
  return fail(
    'registry.tls',
    `The registry at ${registry} speaks plain http.`,
    'If that is meant, use --tls-verify=false.',
  );
}

/** The registry, or the server that gives out its tokens, does not let us in. */
export function loginFailure(registry: string, credentials: Credentials | undefined, detail?: string): Failure {
  const login = `podman login ${registry}`;
  if (!credentials) {
    return fail(
      'registry.authentication',
      `The registry ${registry} wants a login, and there is none for it.`,
      `Log in with \`${login}\` (or docker login) and push again, or give a user name and password with the push.`,
      detail,
    );
  }
  return fail(
    'registry.authentication',
    `The registry ${registry} does not accept ${personOf(credentials)}.`,
    `Check them, or log in again with \`${login}\`.`,
    detail,
  );
}

/** We are known, or need not be, but may not do this. */
export function denied(
  registry: string,
  repository: string,
  action: string,
  credentials: Credentials | undefined,
  detail?: string,
): Failure {
  if (!credentials) {
    return fail(
      'registry.denied',
      `The registry ${registry} does not let anybody ${action} ${repository} without a login.`,
      `Log in with \`podman login ${registry}\` and try again.`,
      detail,
    );
  }
  return fail(
    'registry.denied',
    `The registry ${registry} does not let ${personOf(credentials)} ${action} ${repository}.`,
    `Check the repository's name, ask for the right to ${action} it, or log in as another user with \`podman login ${registry}\`.`,
    detail,
  );
}

function personOf(credentials: Credentials): string {
  return 'identityToken' in credentials
    ? `the identity token ${credentials.source}`
    : `the user "${credentials.username}" (login ${credentials.source})`;
}

/** Any other answer that is no success. `what` says what was asked for, e.g. `the blob sha256:…`. */
export function refused(registry: string, what: string, status: number, detail?: string): Failure {
  return fail(
    'registry.refused',
    `The registry ${registry} answered ${status} to ${what}.`,
    fixOf(status, registry),
    detail,
  );
}

function fixOf(status: number, registry: string): string {
  if (status === 404) {
    return `Check that the repository (or its project) exists: ${registry} may not make it by itself.`;
  }
  if (status === 413) {
    return 'Something before the registry caps the size of a request; raise that limit (nginx: client_max_body_size 0).';
  }
  if (status === 429) {
    return 'It has had enough of us for now. Wait some minutes and push again.';
  }
  return status >= 500
    ? 'The trouble is on its side. Push again later: what has arrived is not sent again.'
    : 'Its own words below may say why.';
}

/**
 * What a registry says about an error, in one line: `CODE: message` of each entry of its JSON, else the first words of its
 * text. HTML pages say nothing worth reading. Source: OCI distribution specification, "Error Codes".
 */
export function wordsOf(body: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const list = isRecord(parsed) && Array.isArray(parsed.errors) ? parsed.errors : [parsed];
    const words = list
      .filter(isRecord)
      .map((entry) =>
        [entry.code ?? entry.error, entry.message ?? entry.error_description ?? entry.details]
          .filter((part) => typeof part === 'string' && part !== '')
          .join(': '),
      );
    return words.filter((word) => word !== '').join('; ') || undefined;
  } catch {
    const text = body.replace(/\s+/g, ' ').trim();
    return text === '' || text.startsWith('<') ? undefined : text.slice(0, 300);
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

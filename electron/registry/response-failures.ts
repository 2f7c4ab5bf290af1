/** Failures for the error responses of registries and token servers. Their texts never contain credentials. */
import { type Failure, fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import type { Credentials } from './credential-source.ts';
import { type HttpResponse, readBody } from './http.ts';

export function plainHttpFailure(registry: string): Failure {
  return fail(
    'registry.tls',
    `The registry at ${registry} uses plain HTTP without TLS.`,
    `If this is intended, allow plain HTTP, once or in the settings of the registry (registry add ${registry} --tls plain-http): others on the network can then read what is sent, including passwords.`,
  ).offering({ id: 'push-without-tls', reason: 'plain-http' });
}

/** The registry or its token server rejects the credentials, or needs credentials and there are none. */
export function loginFailure(registry: string, credentials: Credentials | undefined, detail?: string): Failure {
  const failure = credentials
    ? fail(
        'registry.authentication',
        `The registry ${registry} rejected ${formatLogin(credentials)}.`,
        'Check the user name and the password or token, then sign in again.',
        detail,
      )
    : fail(
        'registry.authentication',
        `The registry ${registry} requires a login, and there are no credentials for it.`,
        'Sign in, or enter a user name and password for this push. Logins of podman and docker are used, too.',
        detail,
      );
  return failure.offering({ id: 'sign-in', registry });
}

/**
 * The registry accepts the credentials, or needs none, but does not allow the action.
 * @param action `push to` or `pull from`.
 */
export function deniedFailure(
  registry: string,
  repository: string,
  action: string,
  credentials: Credentials | undefined,
  detail?: string,
): Failure {
  const failure = credentials
    ? fail(
        'registry.denied',
        `The registry ${registry} does not allow ${formatLogin(credentials)} to ${action} ${repository}.`,
        `Check the name of the repository, ask for permission to ${action} it, or sign in as another user.`,
        detail,
      )
    : fail(
        'registry.denied',
        `The registry ${registry} does not allow anyone to ${action} ${repository} without a login.`,
        'Sign in, then try again.',
        detail,
      );
  return failure.offering({ id: 'sign-in', registry });
}

function formatLogin(credentials: Credentials): string {
  return 'identityToken' in credentials
    ? `the identity token ${credentials.source}`
    : `the user "${credentials.username}" (credentials ${credentials.source})`;
}

/**
 * Any other error response of the registry.
 * @param request what was sent, such as `the upload of the blob sha256:…`.
 */
export function refusedFailure(registry: string, request: string, status: number, detail?: string): Failure {
  return fail(
    'registry.refused',
    `The registry ${registry} answered ${request} with HTTP status ${status}.`,
    fixForStatus(status, registry),
    detail,
  );
}

function fixForStatus(status: number, registry: string): string {
  if (status === 404) {
    return `Check that the repository and its project exist: ${registry} may not create them automatically.`;
  }
  if (status === 413) {
    return 'A proxy in front of the registry limits the size of requests. Raise its limit (nginx: client_max_body_size 0).';
  }
  return generalFixForStatus(status) ?? "See the registry's own message in the details.";
}

function generalFixForStatus(status: number): string | undefined {
  if (status === 429) {
    return 'There were too many requests. Wait a few minutes, then push again.';
  }
  return status >= 500
    ? 'The server has a problem. Push again later: blobs that have arrived are not sent again.'
    : undefined;
}

/** The token server did not return a token. @param address of the token server. */
export function tokenFailure(registry: string, address: string, status: number, detail?: string): Failure {
  return fail(
    'registry.refused',
    status === 200
      ? `The token server ${address} of the registry ${registry} returned no token.`
      : `The token server ${address} of the registry ${registry} answered with HTTP status ${status}.`,
    generalFixForStatus(status) ??
      "Check the token authentication of the registry, and the token server's own message.",
    detail,
  );
}

/** The registry changed what was sent or stored. @param message a sentence that says what differs. */
export function alteredContentFailure(message: string): Failure {
  return fail(
    'registry.refused',
    message,
    "A proxy or the registry changes the content. Try again; if it happens again, ask the registry's administrator.",
  );
}

const maxErrorBodyBytes = 64 * 1024;

/** Reads the message in an error response. Undefined if there is none. */
export async function readErrorMessage(response: HttpResponse): Promise<string | undefined> {
  const body = await readBody(response, maxErrorBodyBytes).catch(() => undefined);
  const message = body && parseErrorMessage(body.toString('utf8'));
  return message && (sanitizeLine(message, 1_000) || undefined);
}

/**
 * The message in an error response, as one line: `CODE: message` of each error in its JSON, otherwise the first 300
 * characters of its text, or the title of an HTML page. Source: OCI distribution specification, "Error Codes".
 */
export function parseErrorMessage(body: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const entries = isRecord(parsed) && Array.isArray(parsed.errors) ? parsed.errors : [parsed];
    const messages = entries
      .filter(isRecord)
      .map((entry) =>
        [entry.code ?? entry.error, entry.message ?? entry.error_description ?? entry.details]
          .filter((part) => typeof part === 'string' && part !== '')
          .join(': '),
      );
    return messages.filter((message) => message !== '').join('; ') || undefined;
  } catch {
    const text = body.replace(/\s+/g, ' ').trim();
    if (text.startsWith('<')) {
      return /<title>([^<]{1,300})<\/title>/i.exec(text)?.[1]?.trim() || undefined;
    }
    return text.slice(0, 300) || undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

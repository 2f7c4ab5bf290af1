import { numberOf, textOf } from '../system/lenient-json.ts';
import type { Challenge } from './challenge.ts';
import type { Credentials } from './credential-source.ts';
import type { HttpRequest } from './http.ts';

/** The lifetime of a token without `expires_in`, in seconds. Source: distribution's token specification. */
const defaultLifetimeSeconds = 60;

/**
 * Creates the request for a token: a GET, with Basic authentication if there is a password and anonymous without
 * credentials. An identity token is exchanged by an OAuth2 POST.
 *
 * Source: distribution's token and OAuth2 specifications.
 * @param realm the URL of the token server.
 */
export function createTokenRequest(
  realm: URL,
  challenge: Challenge,
  scopes: readonly string[],
  credentials: Credentials | undefined,
): Omit<HttpRequest, 'signal'> {
  const { service } = challenge.parameters;
  const query = new URLSearchParams(service ? { service } : {});
  if (credentials && 'identityToken' in credentials) {
    query.set('client_id', 'barnraiser');
    query.set('grant_type', 'refresh_token');
    query.set('refresh_token', credentials.identityToken);
    query.set('scope', scopes.join(' '));
    return {
      method: 'POST',
      url: realm,
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: Buffer.from(query.toString()),
      // a redirect would send the identity token to another server
      redirect: 'manual',
    };
  }
  for (const scope of scopes) {
    query.append('scope', scope);
  }
  if (credentials) {
    query.set('account', credentials.username);
  }
  const url = new URL(realm);
  url.search = [realm.search.slice(1), query.toString()].filter((part) => part !== '').join('&');
  return {
    method: 'GET',
    url,
    headers: { accept: 'application/json' },
    authorization: credentials && { origin: url.origin, value: basicAuthorization(credentials) },
  };
}

/**
 * The request for a token by which a login is tried. Token servers that know identity tokens add one to their answer.
 * Source: distribution's token specification, `offline_token`.
 */
export function createLoginRequest(
  realm: URL,
  challenge: Challenge,
  credentials: Credentials,
): Omit<HttpRequest, 'signal'> {
  const request = createTokenRequest(realm, challenge, [], credentials);
  request.url.searchParams.set('client_id', 'barnraiser');
  request.url.searchParams.set('offline_token', 'true');
  return { ...request, redirect: 'manual' };
}

/** Undefined if the response holds no token. */
export function parseTokenResponse(body: string): { token: string; lifetimeSeconds: number } | undefined {
  let response: unknown;
  try {
    response = JSON.parse(body);
  } catch {
    return undefined;
  }
  const token = textOf(response, 'token') ?? textOf(response, 'access_token');
  if (token === undefined) {
    return undefined;
  }
  const expiresIn = numberOf(response, 'expires_in') ?? 0;
  return { token, lifetimeSeconds: expiresIn > 0 ? expiresIn : defaultLifetimeSeconds };
}

export function basicAuthorization(credentials: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

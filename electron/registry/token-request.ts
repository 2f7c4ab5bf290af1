import { z } from 'zod';
import type { Challenge } from './challenge.ts';
import type { Credentials } from './credential-source.ts';
import type { HttpRequest } from './http.ts';

const tokenSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
});

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

/** Undefined if the response holds no token. */
export function parseTokenResponse(body: string): { token: string; lifetimeSeconds: number } | undefined {
  let response: z.infer<typeof tokenSchema> | undefined;
  try {
    response = tokenSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
  const token = response?.token || response?.access_token;
  if (!token) {
    return undefined;
  }
  const { expires_in: expiresIn } = response ?? {};
  return { token, lifetimeSeconds: expiresIn && expiresIn > 0 ? expiresIn : defaultLifetimeSeconds };
}

export function basicAuthorization(credentials: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

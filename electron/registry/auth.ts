import { z } from 'zod';
import { fail } from '../../shared/problem.ts';
import type { Credentials } from './credentials.ts';
import { addressOf, loginFailure, refused, wordsOf } from './failures.ts';
import { type HttpAnswer, type HttpRequest, readBody } from './http.ts';

/** One way in that a server offers in `WWW-Authenticate`. Names of schemes and parameters are in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Every challenge of the `WWW-Authenticate` headers of an answer, in their order: one header may hold several, and a
 * quoted value may hold commas. What is no challenge is left out. Grammar: RFC 9110, 11.6.1.
 */
export function parseChallenges(headers: string | readonly string[] | undefined): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  const token = /[!#$%&'*+.^_`|~\w-]+/y;
  const assignment = /([!#$%&'*+.^_`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y;
  for (const text of typeof headers === 'string' ? [headers] : (headers ?? [])) {
    let at = 0;
    const take = (pattern: RegExp): RegExpExecArray | null => {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      at = match ? pattern.lastIndex : at;
      return match;
    };
    while (at < text.length) {
      const parameter = take(assignment);
      const current = challenges.at(-1);
      if (parameter) {
        const [, name = '', quoted, plain = ''] = parameter;
        if (current) {
          current.parameters[name.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? plain;
        }
        continue;
      }
      const scheme = take(token);
      if (scheme) {
        challenges.push({ scheme: scheme[0].toLowerCase(), parameters: {} });
      } else {
        at += 1;
      }
    }
  }
  return challenges;
}

export interface AuthorizerOptions {
  /** The registry's name for people and for `podman login`. */
  readonly registry: string;
  /** `repository:name:pull,push` */
  readonly scope: string;
  readonly tlsVerify: boolean;
  /** Asked once, and only when the registry wants to know who we are. */
  readonly credentials: () => Promise<Credentials | undefined>;
  /** Sends a request to the token server, with retries. */
  readonly send: (request: Omit<HttpRequest, 'signal'>) => Promise<HttpAnswer>;
  /** Milliseconds since any fixed moment. */
  readonly now?: () => number;
}

const tokenSchema = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().optional(),
});

/** The life of a token that does not say how long it lives. Source: distribution's token specification. */
const defaultLifeSeconds = 60;
const longestToken = 1024 * 1024;

/**
 * Knows what to write into `Authorization` for one repository of one registry: nothing, Basic, or a Bearer token that it
 * gets from the token server and renews when it ends. Many requests may ask at once; one token is fetched for all of them.
 */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #now: () => number;
  #challenges: readonly Challenge[] = [];
  #scopes: readonly string[];
  #credentials: Promise<Credentials | undefined> | undefined;
  #token: { readonly value: string; readonly until: number } | undefined;
  #fetching: Promise<string> | undefined;
  readonly #secrets = new Set<string>();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.#scopes = [options.scope];
    this.#now = options.now ?? (() => performance.now());
  }

  /** Remembers what the registry asked for. An answer without challenges changes nothing: some leave them out later. */
  challenged(challenges: readonly Challenge[]): void {
    if (challenges.length === 0) {
      return;
    }
    this.#challenges = challenges;
    for (const { parameters } of challenges) {
      const { scope } = parameters;
      // a scope of our own repository adds nothing, whatever order its actions have
      if (scope && !this.#scopes.some((known) => resourceOf(known) === resourceOf(scope))) {
        this.#scopes = [scope, ...this.#scopes];
      }
    }
  }

  /** The header's value for the next request; undefined where none is wanted, or there is nothing to say. */
  async header(): Promise<string | undefined> {
    const bearer = this.#challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer) {
      return this.#token && this.#now() < this.#token.until ? this.#token.value : this.#renewToken(bearer);
    }
    return this.#challenges.some(({ scheme }) => scheme === 'basic') ? this.#basic() : undefined;
  }

  /** Another value than the one that was just refused with 401; undefined where there is no other. */
  async renew(refused: string | undefined, challenges: readonly Challenge[]): Promise<string | undefined> {
    this.challenged(challenges);
    if (refused !== undefined && this.#token?.value === refused) {
      this.#token = undefined;
    }
    const value = await this.header();
    return value === refused ? undefined : value;
  }

  async credentials(): Promise<Credentials | undefined> {
    this.#credentials ??= this.#options.credentials().then((found) => {
      this.#keepSecret(found);
      return found;
    });
    return this.#credentials;
  }

  /** Were our credentials good enough for a token? Then a 401 means that they may not do this. */
  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** A text of the other side without any credential that it may repeat. */
  redact(text: string): string {
    return [...this.#secrets].reduce((redacted, secret) => redacted.replaceAll(secret, '***'), text);
  }

  async #basic(): Promise<string | undefined> {
    const credentials = await this.credentials();
    return credentials && 'password' in credentials ? basicHeader(credentials) : undefined;
  }

  #renewToken(challenge: Challenge): Promise<string> {
    this.#fetching ??= this.#fetchToken(challenge).finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetchToken(challenge: Challenge): Promise<string> {
    const { registry } = this.#options;
    const realm = this.#realm(challenge);
    const credentials = await this.credentials();
    const who = `its token server ${addressOf(realm)}`;
    const answer = await this.#options.send(tokenRequest(realm, challenge, this.#scopes, credentials));
    const body = (await readBody(answer, longestToken)).toString('utf8');
    if (answer.status !== 200) {
      const words = wordsOf(body);
      const detail = words === undefined ? undefined : this.redact(words);
      const oauthRefusal = answer.status === 400 && credentials !== undefined && 'identityToken' in credentials;
      if (answer.status === 401 || answer.status === 403 || oauthRefusal) {
        throw loginFailure(registry, credentials, detail);
      }
      throw refused(registry, `us, or rather ${who} did,`, answer.status, detail);
    }
    const token = parseToken(body);
    const value = token?.token || token?.access_token;
    if (!value) {
      throw refused(registry, `us, or rather ${who} did, but without a token,`, answer.status);
    }
    this.#secrets.add(value);
    const life = token?.expires_in && token.expires_in > 0 ? token.expires_in : defaultLifeSeconds;
    // a token that ends on its way is of no use: renew when a tenth of its life is left
    this.#token = { value: `Bearer ${value}`, until: this.#now() + life * 900 };
    return this.#token.value;
  }

  /** The token server's address. A registry that speaks TLS must not make us send a password in clear. */
  #realm(challenge: Challenge): URL {
    const { registry, tlsVerify } = this.#options;
    const { realm = '' } = challenge.parameters;
    const url = URL.canParse(realm) ? new URL(realm) : undefined;
    if (!url || !['https:', 'http:'].includes(url.protocol)) {
      throw fail(
        'registry.refused',
        `The registry ${registry} asks for a token and does not say where to get one.`,
        'Check the settings of its token authentication (realm).',
      );
    }
    if (tlsVerify && url.protocol === 'http:') {
      throw fail(
        'registry.tls',
        `The registry ${registry} has its tokens given out at ${addressOf(url)} over plain http, where a password can be read.`,
        'Ask its administrator for an https realm. If plain http is meant, use --tls-verify=false.',
      );
    }
    return url;
  }

  #keepSecret(credentials: Credentials | undefined): void {
    if (!credentials) {
      return;
    }
    const secrets =
      'password' in credentials
        ? [basicHeader(credentials).slice('Basic '.length), credentials.password]
        : [credentials.identityToken];
    for (const secret of secrets.filter((text) => text !== '')) {
      this.#secrets.add(secret);
      this.#secrets.add(encodeURIComponent(secret));
    }
  }
}

function resourceOf(scope: string): string {
  return scope.slice(0, scope.lastIndexOf(':'));
}

function basicHeader(credentials: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

/**
 * The question for a token: a GET, with Basic where there is a password, and anonymous where there is nothing; an identity
 * token is exchanged by an OAuth2 POST. Source: distribution's token and OAuth2 specifications.
 */
function tokenRequest(
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
      stay: true,
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
    authorization: credentials && { origin: url.origin, value: basicHeader(credentials) },
  };
}

function parseToken(body: string): z.infer<typeof tokenSchema> | undefined {
  try {
    return tokenSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

import { fail } from '../../shared/problem.ts';
import { secretsOf, withoutSecrets } from '../system/login-secrets.ts';
import type { Challenge } from './challenge.ts';
import type { Credentials } from './credential-source.ts';
import { addressOf, type HttpRequest, type HttpResponse } from './http.ts';
import { readAnswer } from './network-errors.ts';
import { loginFailure, parseErrorMessage, tokenFailure } from './response-failures.ts';
import { basicAuthorization, createTokenRequest, parseTokenResponse } from './token-request.ts';

export interface AuthorizerOptions {
  /** The name of the registry in messages and for `podman login`. */
  readonly registry: string;
  /** `repository:name:pull,push` */
  readonly scope: string;
  readonly tlsVerify: boolean;
  /** Called at most once, when the registry requires authentication. */
  readonly findCredentials: () => Promise<Credentials | undefined>;
  /** Sends a request to the token server, with retries. */
  readonly send: (request: Omit<HttpRequest, 'signal'>) => Promise<HttpResponse>;
  /** Milliseconds since any fixed moment. */
  readonly now?: () => number;
}

const maxTokenResponseBytes = 1024 * 1024;

/** Token servers limit the length of a request. */
const maxOptionalScopes = 20;

/** A token is renewed after this share of its lifetime, so that it does not expire during a request. */
const usedLifetimeShare = 0.9;

/**
 * Provides the `Authorization` header for one repository of one registry: none, Basic, or a Bearer token, which comes
 * from the token server and is renewed when it expires. Simultaneous requests share one token request.
 */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #now: () => number;
  #challenges: readonly Challenge[] = [];
  #scopes: readonly string[];
  /** Scopes that the token has where the token server grants them. */
  readonly #optionalScopes = new Set<string>();
  #grantsLess = true;
  #credentials: Promise<Credentials | undefined> | undefined;
  #token: { readonly header: string; readonly renewAtMs: number } | undefined;
  #tokenRequest: Promise<string> | undefined;
  readonly #secrets = new Set<string>();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.#scopes = [options.scope];
    this.#now = options.now ?? (() => performance.now());
  }

  /** Uses the challenges of a response from now on. No challenges change nothing: some registries omit them later. */
  setChallenges(challenges: readonly Challenge[]): void {
    if (challenges.length === 0) {
      return;
    }
    this.#challenges = challenges;
    for (const { parameters } of challenges) {
      const { scope } = parameters;
      // the scope of our own repository is already there, maybe with its actions in another order
      if (scope && !this.#scopes.some((known) => resourceOf(known) === resourceOf(scope))) {
        this.#scopes = [scope, ...this.#scopes];
      }
    }
  }

  /** The next token has these scopes too, if the token server grants them. */
  addOptionalScopes(scopes: readonly string[]): void {
    for (const scope of scopes) {
      if (this.#grantsLess && !this.#optionalScopes.has(scope) && this.#optionalScopes.size < maxOptionalScopes) {
        this.#optionalScopes.add(scope);
        this.#token = undefined;
      }
    }
  }

  /** The header for the next request. Undefined if none is required or there are no credentials. */
  async header(): Promise<string | undefined> {
    const bearer = this.#challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer) {
      return this.#token && this.#now() < this.#token.renewAtMs ? this.#token.header : this.#renewToken(bearer);
    }
    return this.#challenges.some(({ scheme }) => scheme === 'basic') ? this.#basicHeader() : undefined;
  }

  /** The token of the next request. Undefined if the registry gives none. */
  async token(): Promise<{ token: string; lifetimeSeconds: number } | undefined> {
    await this.header();
    if (!this.#token) {
      return undefined;
    }
    const { header, renewAtMs } = this.#token;
    const lifetimeSeconds = Math.max(0, Math.floor((renewAtMs - this.#now()) / 1000));
    return { token: header.slice('Bearer '.length), lifetimeSeconds };
  }

  /** A new header after the given one was rejected with 401. Undefined if there is no other. */
  async renew(rejected: string | undefined, challenges: readonly Challenge[]): Promise<string | undefined> {
    this.setChallenges(challenges);
    if (rejected !== undefined && this.#token?.header === rejected) {
      this.#token = undefined;
    }
    const header = await this.header();
    return header === rejected ? undefined : header;
  }

  async credentials(): Promise<Credentials | undefined> {
    this.#credentials ??= this.#options.findCredentials().then((credentials) => {
      this.#addSecrets(credentials);
      return credentials;
    });
    return this.#credentials;
  }

  /** Whether the token server accepted the credentials. A 401 then means that they do not permit the request. */
  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  /** Replaces all credentials in a text of the server, which may repeat them. */
  redact(text: string): string {
    return withoutSecrets(text, this.#secrets);
  }

  async #basicHeader(): Promise<string | undefined> {
    const credentials = await this.credentials();
    return credentials && 'password' in credentials ? basicAuthorization(credentials) : undefined;
  }

  #renewToken(challenge: Challenge): Promise<string> {
    this.#tokenRequest ??= this.#requestToken(challenge).finally(() => {
      this.#tokenRequest = undefined;
    });
    return this.#tokenRequest;
  }

  async #requestToken(challenge: Challenge): Promise<string> {
    const { registry } = this.#options;
    const realm = parseRealm(challenge, this.#options);
    const credentials = await this.credentials();
    const optionalScopes = [...this.#optionalScopes];
    const scopes = [...this.#scopes, ...optionalScopes];
    const response = await this.#options.send(createTokenRequest(realm, challenge, scopes, credentials));
    const { status } = response;
    const body = await readAnswer(response, maxTokenResponseBytes, `the token server of ${registry}`, registry);
    if (status !== 200 && optionalScopes.length > 0) {
      // some token servers refuse the whole request instead of granting less
      this.#grantsLess = false;
      this.#optionalScopes.clear();
      return this.#requestToken(challenge);
    }
    if (status !== 200) {
      const message = parseErrorMessage(body);
      const detail = message === undefined ? undefined : this.redact(message);
      const isOauthRejection = status === 400 && credentials !== undefined && 'identityToken' in credentials;
      throw status === 401 || status === 403 || isOauthRejection
        ? loginFailure(registry, credentials, detail)
        : tokenFailure(registry, addressOf(realm), status, detail);
    }
    const parsed = parseTokenResponse(body);
    if (!parsed) {
      throw tokenFailure(registry, addressOf(realm), status);
    }
    this.#secrets.add(parsed.token);
    // scopes that were added meanwhile need another token
    const isWhole = optionalScopes.length === this.#optionalScopes.size;
    const renewAtMs = isWhole ? this.#now() + parsed.lifetimeSeconds * 1000 * usedLifetimeShare : 0;
    this.#token = { header: `Bearer ${parsed.token}`, renewAtMs };
    return this.#token.header;
  }

  #addSecrets(credentials: Credentials | undefined): void {
    for (const secret of credentials ? secretsOf(credentials) : []) {
      this.#secrets.add(secret);
    }
  }
}

/** A scope without its actions: `repository:name` of `repository:name:pull,push`. */
function resourceOf(scope: string): string {
  return scope.slice(0, scope.lastIndexOf(':'));
}

/**
 * The URL of the token server. It must use https if TLS is verified, because the request may carry a password.
 * @throws Failure `registry.refused`, `registry.tls`
 */
export function parseRealm(
  challenge: Challenge,
  { registry, tlsVerify }: Pick<AuthorizerOptions, 'registry' | 'tlsVerify'>,
): URL {
  const { realm = '' } = challenge.parameters;
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (!url || !['https:', 'http:'].includes(url.protocol)) {
    throw fail(
      'registry.refused',
      `The registry ${registry} requires a token but does not name a valid token server.`,
      "Check the realm in the registry's token authentication settings.",
    );
  }
  if (tlsVerify && url.protocol === 'http:') {
    throw fail(
      'registry.tls',
      `The token server ${addressOf(url)} of the registry ${registry} uses plain HTTP, which would expose the password.`,
      'Ask its administrator for an https realm, or allow plain HTTP.',
    ).offering({ id: 'push-without-tls', reason: 'plain-http' });
  }
  return url;
}

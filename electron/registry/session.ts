import { Failure, fail } from '../../shared/problem.ts';
import { Authorizer, parseChallenges } from './auth.ts';
import { type CredentialSource, findCredentials, isDockerHub } from './credentials.ts';
import {
  addressOf,
  denied,
  isHandshakeDrop,
  isTlsError,
  isUntrustedCertificate,
  loginFailure,
  networkFailure,
  plainHttp,
  refused,
  wordsOf,
} from './failures.ts';
import { discard, Http, type HttpAnswer, type HttpRequest, header, readBody } from './http.ts';
import { errorCode, isTransientError, isTransientStatus, maxAttempts, pauseMs, type Wait, wait } from './retry.ts';

export interface SessionOptions {
  /** The host of a reference, e.g. `docker.io` or `registry.example.com:5000`. */
  readonly registry: string;
  readonly repository: string;
  readonly access: 'pull' | 'push';
  readonly credentials: CredentialSource;
  /** True: https with a good certificate, nothing else. False: https without a look at the certificate, else plain http. */
  readonly tlsVerify: boolean;
  /** The life of the session: everything it does stops when this aborts. */
  readonly signal: AbortSignal;
  readonly wait?: Wait | undefined;
}

export type SessionRequest = Omit<HttpRequest, 'authorization' | 'signal' | 'stay'>;

const longestErrorBody = 64 * 1024;

/**
 * A registry that was found to be one, and what it takes to speak to it: https or http, who we are, and patience. Paths are
 * those below `/v2/<repository>/`.
 */
export class RegistrySession {
  readonly registry: string;
  /** The repository as the registry's API names it. */
  readonly repository: string;
  readonly #options: SessionOptions;
  readonly #http: Http;
  readonly #authorizer: Authorizer;
  #origin = '';

  private constructor(options: SessionOptions) {
    const hub = isDockerHub(options.registry);
    this.#options = options;
    this.registry = hub ? 'docker.io' : options.registry;
    this.repository = hub && !options.repository.includes('/') ? `library/${options.repository}` : options.repository;
    this.#http = new Http(options);
    this.#authorizer = new Authorizer({
      registry: this.registry,
      scope: `repository:${this.repository}:${options.access === 'push' ? 'pull,push' : 'pull'}`,
      tlsVerify: options.tlsVerify,
      credentials: () => findCredentials(this.registry, this.repository, options.credentials),
      send: (request) => this.#askTokenServer(request),
    });
  }

  /**
   * Finds the registry: whether it speaks https or http, and how it wants to know who we are.
   * Fails with `registry.unreachable`, `registry.tls`, or `registry.refused` where no registry answers there.
   */
  static async open(options: SessionOptions): Promise<RegistrySession> {
    const session = new RegistrySession(options);
    try {
      await session.#find();
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  url(path: string): URL {
    return new URL(`/v2/${this.repository}/${path}`, this.#origin);
  }

  /** The URL that the `Location` of an answer means. */
  location(answer: HttpAnswer): URL | undefined {
    const location = header(answer, 'location');
    return location === undefined ? undefined : this.#http.follow(answer.url, location);
  }

  /**
   * One request with all patience: up to five attempts where the network or the registry has a bad moment.
   * Any other answer is given back, except a 401 that no login cures.
   */
  async send(request: SessionRequest, signal = this.#options.signal): Promise<HttpAnswer> {
    return this.#patiently(
      () => this.sendOnce(request, signal),
      signal,
      (error) => networkFailure('The registry', request.url, error),
    );
  }

  /**
   * One attempt. A 401 renews the login once. Rejects with the network's own error, or with a failure where the registry does
   * not let us in.
   */
  async sendOnce(request: SessionRequest, signal = this.#options.signal): Promise<HttpAnswer> {
    const send = (value: string | undefined) =>
      this.#http.send({ ...request, signal, authorization: value ? { origin: this.#origin, value } : undefined });
    const first = await this.#authorizer.header();
    const answer = await send(first);
    if (!this.#isLoginAsked(answer)) {
      return answer;
    }
    const words = await this.#words(answer);
    const second = await this.#authorizer.renew(first, parseChallenges(answer.headers['www-authenticate']));
    if (second === undefined) {
      throw await this.#lockedOut(words);
    }
    const again = await send(second);
    if (this.#isLoginAsked(again)) {
      throw await this.#lockedOut(await this.#words(again));
    }
    return again;
  }

  /** The failure that an answer means which is no success. Reads the answer's body. `what` was asked for. */
  async failure(answer: HttpAnswer, what: string): Promise<Failure> {
    const words = await this.#words(answer);
    if (answer.status === 403 && answer.url.origin === this.#origin) {
      return denied(this.registry, this.repository, this.#access, await this.#authorizer.credentials(), words);
    }
    return refused(this.registry, what, answer.status, words);
  }

  /** Waits after the `attempt`th attempt: as long as the registry asks, or else a little longer each time. */
  async pause(attempt: number, answer: HttpAnswer | undefined, signal = this.#options.signal): Promise<void> {
    try {
      await (this.#options.wait ?? wait)(pauseMs(attempt, answer && header(answer, 'retry-after')), signal);
    } finally {
      signal.throwIfAborted();
    }
  }

  get #access(): string {
    return this.#options.access === 'push' ? 'push to' : 'pull from';
  }

  #isLoginAsked(answer: HttpAnswer): boolean {
    return answer.status === 401 && answer.url.origin === this.#origin;
  }

  /** A 401 that stays. With a token that was given for our own credentials, the registry knows us and does not let us. */
  async #lockedOut(words: string | undefined): Promise<Failure> {
    const credentials = await this.#authorizer.credentials();
    return credentials && this.#authorizer.hasToken
      ? denied(this.registry, this.repository, this.#access, credentials, words)
      : loginFailure(this.registry, credentials, words);
  }

  /** What an answer says about its error, without any credential. Reads the answer's body. */
  async #words(answer: HttpAnswer): Promise<string | undefined> {
    const body = await readBody(answer, longestErrorBody).catch(() => undefined);
    const words = body && wordsOf(body.toString('utf8'));
    return words === undefined ? undefined : this.#authorizer.redact(words);
  }

  async #askTokenServer(request: Omit<HttpRequest, 'signal'>): Promise<HttpAnswer> {
    const { signal } = this.#options;
    return this.#patiently(
      () => this.#http.send({ ...request, signal }),
      signal,
      (error) => networkFailure(`The token server of ${this.registry}`, request.url, error),
    );
  }

  async #patiently(
    sendOnce: () => Promise<HttpAnswer>,
    signal: AbortSignal,
    failureOf: (error: unknown) => Failure,
    isWorthAnother = isTransientError,
  ): Promise<HttpAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      let answer: HttpAnswer | undefined;
      try {
        answer = await sendOnce();
        if (!isTransientStatus(answer.status) || attempt === maxAttempts) {
          return answer;
        }
        await discard(answer);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof Failure) {
          throw error;
        }
        if (!isWorthAnother(error) || attempt === maxAttempts) {
          throw failureOf(error);
        }
      }
      await this.pause(attempt, answer, signal);
    }
  }

  async #find(): Promise<void> {
    const host = this.registry === 'docker.io' ? 'registry-1.docker.io' : this.registry;
    const https = new URL(`https://${host}/v2/`);
    const answer = await this.#patiently(
      () => this.#greet(https, new URL(`http://${host}/v2/`)),
      this.#options.signal,
      (error) => networkFailure('The registry', https, error),
      // where nobody listens nobody will in some seconds either, and a mistyped port should be told at once
      (error) => isTransientError(error) && errorCode(error) !== 'ECONNREFUSED',
    );
    await discard(answer);
    if (!isGreeting(answer)) {
      throw fail(
        'registry.refused',
        `What answers at ${addressOf(answer.url)} is no registry: it said ${answer.status} to GET /v2/.`,
        'Check the name and the port of the registry.',
      );
    }
    this.#origin = answer.url.origin;
    this.#authorizer.challenged(parseChallenges(answer.headers['www-authenticate']));
  }

  /** Asks over https. Plain http comes next only where the user allowed it; else it is tried to tell what is wrong. */
  async #greet(https: URL, http: URL): Promise<HttpAnswer> {
    const { signal, tlsVerify } = this.#options;
    // a registry is where its name says: a login must not follow a redirect
    const ask = (url: URL) => this.#http.send({ method: 'GET', url, signal, stay: true });
    try {
      return await ask(https);
    } catch (error) {
      signal.throwIfAborted();
      const mayBePlain = (isTlsError(error) && !isUntrustedCertificate(error)) || isHandshakeDrop(error);
      const plain = !tlsVerify || mayBePlain ? await ask(http).catch(() => undefined) : undefined;
      // 400 is what servers of https say to plain http
      if (plain && plain.status !== 400 && !tlsVerify) {
        return plain;
      }
      if (plain) {
        await discard(plain);
      }
      if (plain && plain.status !== 400) {
        throw plainHttp(this.registry);
      }
      throw error;
    }
  }
}

/** An open registry answers 200 to `GET /v2/`, one with a lock 401, and some that keep this path for themselves 403. */
function isGreeting(answer: HttpAnswer): boolean {
  return [200, 401, 403].includes(answer.status);
}

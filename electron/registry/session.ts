import type { Digest } from '../../shared/image.ts';
import type { Failure } from '../../shared/problem.ts';
import { Authorizer } from './authorizer.ts';
import { parseChallenges } from './challenge.ts';
import { findCredentials, registryNames } from './credentials.ts';
import { assertPlain, type HttpClient, type HttpRequest, type HttpResponse, headerOf, readBody } from './http.ts';
import { networkFailure } from './network-errors.ts';
import { type HostOptions, type OpenHost, openHost } from './open-host.ts';
import { explainRefusal } from './registry-refusals.ts';
import { deniedFailure, loginFailure, readErrorMessage, refusedFailure } from './response-failures.ts';
import { sendWithRetries, waitBeforeRetry } from './retry.ts';

/** What a session may do: the actions of its scope, and what a message says of it. */
const accesses = {
  pull: { actions: 'pull', text: 'pull from' },
  push: { actions: 'pull,push', text: 'push to' },
  delete: { actions: 'delete,pull', text: 'delete from' },
} as const;

/** `signal` aborts everything that the session does. */
export interface SessionOptions extends HostOptions {
  readonly access: keyof typeof accesses;
}

export interface SessionRequest extends Omit<HttpRequest, 'authorization' | 'signal' | 'redirect'> {
  /** The request only asks what is there. A registry may allow a push without it, so a 401 is returned like a 403. */
  readonly isOptional?: boolean;
}

/**
 * Requests to one repository of one registry, with its protocol (https or http), authentication and retries. Paths are
 * relative to `/v2/<repository>/`.
 */
export class RegistrySession {
  readonly registry: string;
  /** The name of the repository in the registry's API. */
  readonly repository: string;
  /** Whether blobs are sent in a PATCH, because the registry has refused a PUT with a whole blob. */
  uploadsByPatch = false;
  readonly #options: SessionOptions;
  readonly #http: HttpClient;
  readonly #authorizer: Authorizer;
  readonly #origin: string;
  /** Whether an optional request was rejected with new authorization, too. The next ones need not renew it again. */
  #mayNotRead = false;

  private constructor(options: SessionOptions, { http, settings, origin, challenges }: OpenHost) {
    const { registry, repository } = registryNames(options);
    this.#options = options;
    this.registry = registry;
    this.repository = repository;
    this.#http = http;
    this.#origin = origin;
    this.#authorizer = new Authorizer({
      registry: this.registry,
      scope: `repository:${this.repository}:${accesses[options.access].actions}`,
      tlsVerify: settings.tls === 'verify',
      findCredentials: () => findCredentials(this.registry, this.repository, options.credentials),
      send: (request) => this.#sendToTokenServer(request),
    });
    this.#authorizer.setChallenges(challenges);
  }

  /** @throws Failure like `openHost` */
  static async open(options: SessionOptions): Promise<RegistrySession> {
    return new RegistrySession(options, await openHost(options));
  }

  async close(): Promise<void> {
    await this.#http.close();
  }

  /** Gets a token if the registry requires one. @throws Failure `registry.authentication`, `registry.unreachable` */
  async signIn(): Promise<void> {
    await this.#authorizer.header();
  }

  /** See `Authorizer.token`. @throws Failure like {@link signIn} */
  token(): ReturnType<Authorizer['token']> {
    return this.#authorizer.token();
  }

  /** Asks for permission to read other repositories, where that is allowed. */
  alsoRead(repositories: readonly string[]): void {
    this.#authorizer.addOptionalScopes(repositories.map((repository) => `repository:${repository}:pull`));
  }

  url(path: string, repository = this.repository): URL {
    return new URL(`/v2/${repository}/${path}`, this.#origin);
  }

  /**
   * Takes a blob from another repository: 201. Otherwise the registry starts an upload (202), or refuses, as without
   * permission to read that repository.
   * @throws the network's own error
   */
  async mount(digest: Digest, from: string, signal: AbortSignal): Promise<HttpResponse> {
    const url = this.url('blobs/uploads/');
    url.search = new URLSearchParams({ mount: digest, from }).toString();
    const value = await this.#authorizer.header();
    const authorization = value ? { origin: this.#origin, value } : undefined;
    return await this.#http.send({ method: 'POST', url, authorization, signal });
  }

  /** The URL of the `Location` header of a response. */
  locationOf(response: HttpResponse): URL | undefined {
    const location = headerOf(response, 'location');
    return location === undefined ? undefined : this.#http.resolveLocation(response.url, location);
  }

  /**
   * Sends a request, with retries after transient errors. Returns a 401 of the registry only for an optional request.
   * @throws Failure `registry.*`; the reason of the signal
   */
  async send(request: SessionRequest, signal = this.#options.signal): Promise<HttpResponse> {
    return this.#sendWithRetries(request, () => this.sendOnce(request, signal), signal);
  }

  /**
   * Sends a request and reads its answer as a whole, again after a connection that was lost meanwhile.
   * @returns no bytes for another status than 200: that body is still to be read
   * @throws Failure like {@link send}, also for an answer that is too long or encoded
   */
  async read(
    request: SessionRequest,
    maxBytes: number,
  ): Promise<{ readonly response: HttpResponse; readonly bytes: Buffer }> {
    let bytes: Buffer = Buffer.alloc(0);
    const response = await this.#sendWithRetries(request, async (signal) => {
      const answer = await this.sendOnce(request, signal);
      if (answer.status === 200) {
        assertPlain(answer);
        bytes = await readBody(answer, maxBytes);
      }
      return answer;
    });
    return { response, bytes };
  }

  #sendWithRetries(
    request: SessionRequest,
    sendOnce: (signal: AbortSignal) => Promise<HttpResponse>,
    signal = this.#options.signal,
  ): Promise<HttpResponse> {
    return sendWithRetries(() => sendOnce(signal), {
      signal,
      wait: this.#options.wait,
      toFailure: (error) => networkFailure('the registry', request.url, error, this.registry),
    });
  }

  /**
   * Sends a request without retries. Renews the authorization once after a 401.
   * @throws the network's own error, or Failure `registry.authentication`, `registry.denied`
   */
  async sendOnce(request: SessionRequest, signal = this.#options.signal): Promise<HttpResponse> {
    const { isOptional, ...httpRequest } = request;
    const send = (value: string | undefined) =>
      this.#http.send({ ...httpRequest, signal, authorization: value ? { origin: this.#origin, value } : undefined });
    const header = await this.#authorizer.header();
    const response = await send(header);
    if (!this.#isUnauthorized(response)) {
      return response;
    }
    if (isOptional && this.#mayNotRead) {
      return response;
    }
    const challenges = parseChallenges(response.headers['www-authenticate']);
    const message = await this.#readErrorMessage(response);
    const renewedHeader = await this.#authorizer.renew(header, challenges);
    const secondResponse = renewedHeader === undefined ? response : await send(renewedHeader);
    if (!this.#isUnauthorized(secondResponse)) {
      return secondResponse;
    }
    if (isOptional) {
      this.#mayNotRead = true;
      return secondResponse;
    }
    throw await this.#unauthorizedFailure(
      secondResponse === response ? message : await this.#readErrorMessage(secondResponse),
    );
  }

  /**
   * Turns an error response into a failure and reads its body.
   * @param request what was sent, such as `the upload of the blob sha256:…`.
   */
  async failureOf(response: HttpResponse, request: string): Promise<Failure> {
    const message = await this.#readErrorMessage(response);
    const { registry, repository } = this;
    const known = message && explainRefusal({ registry, repository, status: response.status, message });
    if (known) {
      return known;
    }
    if (response.status === 403 && response.url.origin === this.#origin) {
      return deniedFailure(this.registry, this.repository, this.#action, await this.#authorizer.credentials(), message);
    }
    return refusedFailure(this.registry, request, response.status, message);
  }

  /** Waits after an attempt (counted from 1), as long as the response asks for or with back-off. */
  async waitBeforeRetry(
    attempt: number,
    response: HttpResponse | undefined,
    signal = this.#options.signal,
  ): Promise<void> {
    await waitBeforeRetry(attempt, response, signal, this.#options.wait);
  }

  get #action(): string {
    return accesses[this.#options.access].text;
  }

  #isUnauthorized(response: HttpResponse): boolean {
    return response.status === 401 && response.url.origin === this.#origin;
  }

  /** The failure for a 401 after renewal. With a token, the credentials are right but do not permit the request. */
  async #unauthorizedFailure(message: string | undefined): Promise<Failure> {
    const { registry, repository } = this;
    const known = message && explainRefusal({ registry, repository, status: 401, message });
    if (known) {
      return known;
    }
    const credentials = await this.#authorizer.credentials();
    return credentials && this.#authorizer.hasToken
      ? deniedFailure(this.registry, this.repository, this.#action, credentials, message)
      : loginFailure(this.registry, credentials, message);
  }

  /** The message of an error response without credentials. Reads its body. */
  async #readErrorMessage(response: HttpResponse): Promise<string | undefined> {
    const message = await readErrorMessage(response);
    return message === undefined ? undefined : this.#authorizer.redact(message);
  }

  async #sendToTokenServer(request: Omit<HttpRequest, 'signal'>): Promise<HttpResponse> {
    const { signal, wait } = this.#options;
    return sendWithRetries(() => this.#http.send({ ...request, signal }), {
      signal,
      wait,
      toFailure: (error) => networkFailure(`the token server of ${this.registry}`, request.url, error, this.registry),
    });
  }
}

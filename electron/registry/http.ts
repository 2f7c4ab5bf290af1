import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { SecureContext } from 'node:tls';
import type { Dispatcher } from 'undici';
import { type Failure, fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { type Certificates, unverifiedContext, verifyingContext } from './certificates.ts';
import { connectTimeoutMs, DirectHttp, isAddress, maxConnections } from './direct-http.ts';

/** A body that can be sent more than once. Each attempt opens it again. */
export interface HttpBody {
  /** Bytes. */
  readonly length: number;
  open(): Readable;
}

/** The value of an `Authorization` header, and the only origin that may receive it. */
export interface Authorization {
  readonly origin: string;
  readonly value: string;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpBody | Buffer;
  readonly authorization?: Authorization | undefined;
  /** `manual`: redirects are not followed, because the body is secret or the response must come from this URL. */
  readonly redirect?: 'follow' | 'manual';
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Bytes. Reading it to its end, or destroying it, frees its connection. */
  readonly body: Readable;
  /** The URL after redirects. */
  readonly url: URL;
}

export const maxRedirects = 5;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

/** How much of an unneeded body is read so that its connection can be used again. */
const maxDiscardedBytes = 64 * 1024;

/**
 * HTTP to one registry, its token server and its storage: at most 8 connections for each origin, through the proxy in
 * `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`. Loopback addresses never use a proxy, as in Go's clients. Redirects are
 * followed. An `Authorization` header is sent only to its own origin.
 */
export class HttpClient {
  readonly #tlsVerify: boolean;
  readonly #certificates: Certificates | undefined;
  readonly #proxy: string | undefined;
  /** Both are created at the first request. */
  #direct: DirectHttp | undefined;
  #proxied: Promise<Dispatcher | undefined> | undefined;
  #tls: { readonly rejectUnauthorized: boolean; readonly secureContext?: SecureContext } | undefined;

  /**
   * @param options `certificates`: by default, only the authorities of Node are trusted. `proxy`: an address, or `none`, instead of
   *   the proxy of the environment.
   */
  constructor(options: {
    readonly tlsVerify: boolean;
    readonly certificates?: Certificates;
    readonly proxy?: string | undefined;
  }) {
    this.#tlsVerify = options.tlsVerify;
    this.#certificates = options.certificates;
    this.#proxy = options.proxy;
  }

  /** Created once, because that may parse all the authorities. */
  #tlsOptions() {
    const [rejectUnauthorized, certificates] = [this.#tlsVerify, this.#certificates];
    this.#tls ??= {
      rejectUnauthorized,
      ...(rejectUnauthorized
        ? certificates && { secureContext: verifyingContext(certificates) }
        : { secureContext: unverifiedContext(certificates) }),
    };
    return this.#tls;
  }

  /** Undefined if there is no proxy. */
  async #createProxied(): Promise<Dispatcher | undefined> {
    const own = this.#proxy;
    const [httpProxy, httpsProxy] =
      own === undefined ? [proxyFromEnvironment('HTTP_PROXY'), proxyFromEnvironment('HTTPS_PROXY')] : [own, own];
    if (own === 'none' || (!httpProxy && !httpsProxy)) {
      return undefined;
    }
    const { EnvHttpProxyAgent } = await import('undici');
    const timeout = connectTimeoutMs;
    const connect = { ...this.#tlsOptions(), timeout };
    // the proxy is not the registry, so its own certificate is always verified
    const proxyTls = {
      ...(this.#certificates && { secureContext: verifyingContext(this.#certificates) }),
      rejectUnauthorized: true,
      timeout,
    };
    // a proxy that is set for this registry is used whatever the environment excludes
    const excluded = own === undefined ? {} : { noProxy: '' };
    // many proxies open tunnels to port 443 only: plain HTTP is forwarded, as in Go's clients
    const proxies = { requestTls: connect, proxyTls, httpProxy, httpsProxy, proxyTunnel: false, ...excluded };
    return new EnvHttpProxyAgent({ connections: maxConnections, connect, ...proxies });
  }

  /**
   * Sends a request and follows redirects.
   * @throws the network's own error, or Failure `registry.tls` for a redirect from https to http.
   */
  async send(request: HttpRequest): Promise<HttpResponse> {
    let url = request.url;
    for (let redirects = 0; ; redirects += 1) {
      const response = await this.#sendOnce(request, url);
      const location = redirects < maxRedirects ? redirectLocation(response) : undefined;
      // many clients turn a PUT or POST into a GET after 301 to 303, which is not the intended request
      const keepsMethod = request.method === 'GET' || request.method === 'HEAD' || response.status >= 307;
      if (location === undefined || !keepsMethod || request.redirect === 'manual') {
        return response;
      }
      await discardBody(response);
      url = this.resolveLocation(response.url, location);
    }
  }

  /**
   * Resolves a `Location` header. A registry behind a proxy that terminates TLS often writes `http://` and its own
   * name; that becomes https. Any other change from https to http is refused, unless TLS verification is off.
   * @throws Failure `registry.tls`, `registry.refused`
   */
  resolveLocation(from: URL, location: string): URL {
    if (!URL.canParse(location, from.href)) {
      throw fail(
        'registry.refused',
        `The registry at ${from.host} names an address that is not valid.`,
        'Check that it is a registry of the OCI distribution specification, and that no proxy changes its headers.',
        sanitizeLine(location),
      );
    }
    const url = new URL(location, from);
    if (!['http:', 'https:'].includes(url.protocol)) {
      throw fail(
        'registry.refused',
        `The registry at ${from.host} leads to an address that is neither https nor http.`,
        'Check that it is a registry of the OCI distribution specification, and that no proxy changes its headers.',
        sanitizeLine(location),
      );
    }
    if (from.protocol !== 'https:' || url.protocol !== 'http:') {
      return url;
    }
    if (url.hostname === from.hostname && (url.port || '443') === (from.port || '443')) {
      url.protocol = 'https:';
    } else if (this.#tlsVerify) {
      throw fail(
        'registry.tls',
        `The registry at ${from.host} redirects to ${url.host} over plain HTTP.`,
        'Ask its administrator to use https addresses, or allow plain HTTP.',
      ).offering({ id: 'push-without-tls', reason: 'plain-http' });
    }
    return url;
  }

  async close(): Promise<void> {
    this.#direct?.close();
    // one that could not be created has nothing to close
    const proxied = await this.#proxied?.catch(() => undefined);
    await proxied?.destroy();
  }

  async #sendOnce(request: HttpRequest, url: URL): Promise<HttpResponse> {
    const { body, authorization } = request;
    const headers: Record<string, string> = { 'user-agent': 'barnraiser', ...request.headers };
    if (body !== undefined) {
      headers['content-length'] = String(body.length);
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      headers['content-length'] = '0';
    }
    if (authorization?.origin === url.origin) {
      headers.authorization = authorization.value;
    }
    const isDirect = this.#proxy === undefined && isLoopback(url.hostname);
    this.#proxied ??= isDirect ? undefined : this.#createProxied();
    const proxied = isDirect ? undefined : await this.#proxied;
    const stream = body === undefined || Buffer.isBuffer(body) ? undefined : body.open();
    // the request reports an error of the body; after an early response there would be no listener for it
    stream?.on('error', () => {});
    const { method, signal } = request;
    const content = stream ?? (Buffer.isBuffer(body) ? body : undefined);
    try {
      if (!proxied) {
        this.#direct ??= new DirectHttp(this.#tlsOptions());
        return { ...(await this.#direct.send({ url, method, headers, body: content, signal })), url };
      }
      const path = `${url.pathname}${url.search}`;
      const response = await proxied.request({
        ...{ origin: url.origin, path, method, headers, body: content ?? null, signal },
      });
      return { status: response.statusCode, headers: response.headers, body: response.body, url };
    } catch (error) {
      stream?.destroy();
      throw error;
    }
  }
}

/** Ends a response whose body is not needed, so that its connection can be used again. */
export async function discardBody(response: HttpResponse): Promise<void> {
  const { body } = response;
  let bytes = 0;
  // it may break, which says nothing about what was done
  body
    .on('error', () => undefined)
    .on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxDiscardedBytes) {
        body.destroy();
      }
    });
  if (!body.closed) {
    await once(body, 'close').catch(() => undefined);
  }
}

/** How long a body may take that is read as a whole, in milliseconds. None is longer than some MiB. */
const readTimeoutMs = 120_000;

/** @throws Failure `registry.refused` if the body is longer than `maxBytes`, `registry.unreachable` if it is too slow; the network's own error */
export async function readBody({ body, url }: HttpResponse, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => body.destroy(slowFailure(url)), readTimeoutMs);
  try {
    for await (const chunk of body) {
      const bytes = Buffer.from(chunk);
      length += bytes.length;
      if (length > maxBytes) {
        throw fail(
          'registry.refused',
          `The server at ${url.host} answered with more than ${maxBytes} bytes where that is the limit.`,
          'Check that it is a registry of the OCI distribution specification, and that no proxy changes its answers.',
        );
      }
      chunks.push(bytes);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks);
}

function slowFailure({ host }: URL): Failure {
  return fail(
    'registry.unreachable',
    `The server at ${host} did not finish its answer within ${readTimeoutMs / 1000} seconds.`,
    'Check the connection to it, then try again.',
  );
}

/** @throws Failure `registry.refused` for content that was encoded although that was not asked for: its digest would be another one */
export function assertPlain(response: HttpResponse): void {
  const encoding = headerOf(response, 'content-encoding') ?? 'identity';
  if (encoding !== 'identity') {
    throw fail(
      'registry.refused',
      `The server at ${response.url.host} sent content in the encoding ${sanitizeLine(encoding, 40)}, which was not asked for.`,
      'Check whether a proxy in between compresses what registries send.',
    );
  }
}

/** The `Location` of a response that is a redirect. */
export function redirectLocation(response: HttpResponse): string | undefined {
  return redirectStatuses.has(response.status) ? headerOf(response, 'location') : undefined;
}

/** The first value of a header. */
export function headerOf(response: HttpResponse, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** `host:port` of a URL, also if the port is the default one. */
export function addressOf(url: URL): string {
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`;
}

/** Whether requests may go through a proxy. @throws Failure `registry.unreachable` if its address is not valid */
export function hasProxy(): boolean {
  return ['HTTP_PROXY', 'HTTPS_PROXY'].some(proxyFromEnvironment);
}

/** The proxy URL of an environment variable, in lower or upper case. As in curl, `host:port` means http. */
function proxyFromEnvironment(name: string): string | undefined {
  const value = process.env[name.toLowerCase()] ?? process.env[name];
  if (!value) {
    return undefined;
  }
  const url = value.includes('://') ? value : `http://${value}`;
  if (!URL.canParse(url)) {
    throw fail(
      'registry.unreachable',
      `Could not reach any registry: the environment variable ${name} is not a valid proxy address.`,
      `Set ${name} to an address such as http://proxy.example.com:3128, or remove it.`,
    );
  }
  return url;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (hostname.startsWith('127.') && isAddress(hostname));
}

import { isIP } from 'node:net';
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request as send } from 'undici';
import { fail } from '../../shared/problem.ts';

/** A body that can be sent more than once: each attempt opens it anew. */
export interface HttpBody {
  readonly length: number;
  open(): Readable;
}

/** An `Authorization` header and the only origin that may ever see it. */
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
  /** Set where the body holds a secret, which a redirect must not carry away. */
  readonly stay?: boolean;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly body: Dispatcher.ResponseData['body'];
  /** Where the answer came from, after redirects. */
  readonly url: URL;
}

const connectTimeoutMs = 15_000;
const maxRedirects = 5;
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * HTTP to one registry, its token server and its storage: at most 8 connections an origin, through the proxy that
 * `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` ask for. A proxy is never asked for a loopback address, as in Go's clients.
 * Redirects are followed; `Authorization` goes to its own origin only.
 */
export class Http {
  readonly #verify: boolean;
  readonly #direct: Dispatcher;
  readonly #proxied: Dispatcher;

  constructor(options: { readonly tlsVerify: boolean }) {
    this.#verify = options.tlsVerify;
    const tls = { rejectUnauthorized: options.tlsVerify };
    const agent = { connections: 8, connect: { ...tls, timeout: connectTimeoutMs } };
    this.#direct = new Agent(agent);
    this.#proxied = new EnvHttpProxyAgent({
      ...agent,
      requestTls: { ...tls, timeout: connectTimeoutMs },
      httpProxy: proxyOf('HTTP_PROXY'),
      httpsProxy: proxyOf('HTTPS_PROXY'),
    });
  }

  /** Rejects with the network's own error, or with a `registry.tls` failure where a redirect leads out of TLS. */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    let url = request.url;
    for (let hops = 0; ; hops += 1) {
      const answer = await this.#once(request, url);
      const location = answer.headers.location;
      const follow = redirects.has(answer.status) && typeof location === 'string' && hops < maxRedirects;
      // 301 to 303 turn a PUT or POST into a GET in many clients, which would be another request than the one meant
      const keepsMethod = request.method === 'GET' || request.method === 'HEAD' || answer.status >= 307;
      if (!follow || !keepsMethod || request.stay) {
        return answer;
      }
      await discard(answer);
      url = this.follow(answer.url, location);
    }
  }

  /**
   * The URL that a `Location` header means. Registries behind a proxy that ends TLS often write `http://` and their own
   * name: that is taken as https. Any other way out of TLS is refused unless the user gave up TLS for this registry.
   */
  follow(from: URL, location: string): URL {
    const url = new URL(location, from);
    if (from.protocol !== 'https:' || url.protocol !== 'http:') {
      return url;
    }
    if (url.hostname === from.hostname && (url.port || '443') === (from.port || '443')) {
      url.protocol = 'https:';
    } else if (this.#verify) {
      throw fail(
        'registry.tls',
        `The registry at ${from.host} sends us on to ${url.host} over plain http.`,
        'Ask its administrator to give out https addresses. If plain http is meant, use --tls-verify=false.',
      );
    }
    return url;
  }

  async close(): Promise<void> {
    await Promise.all([this.#direct.destroy(), this.#proxied.destroy()]);
  }

  async #once(request: HttpRequest, url: URL): Promise<HttpAnswer> {
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
    const stream = body === undefined || Buffer.isBuffer(body) ? undefined : body.open();
    // an error of the body is also the request's, which reports it; after an early answer nobody else would listen
    stream?.on('error', () => {});
    try {
      const answer = await send(url, {
        dispatcher: isLoopback(url.hostname) ? this.#direct : this.#proxied,
        method: request.method,
        headers,
        body: stream ?? (Buffer.isBuffer(body) ? body : null),
        signal: request.signal,
      });
      return { status: answer.statusCode, headers: answer.headers, body: answer.body, url };
    } catch (error) {
      stream?.destroy();
      throw error;
    }
  }
}

/** Lets go of an answer's body, so that its connection can be used again. */
export async function discard(answer: HttpAnswer): Promise<void> {
  await answer.body.dump({ limit: 64 * 1024 }).catch(() => {});
}

/** The whole body, or an error where it is longer than `limit` bytes. */
export async function readBody(answer: HttpAnswer, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer.body) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > limit) {
      throw new Error(`The answer is longer than ${limit} bytes.`);
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** The first value of a header. */
export function header(answer: HttpAnswer, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The proxy that a variable of the environment names, in small or capital letters; `host:port` means http, as for curl. */
function proxyOf(name: string): string | undefined {
  const value = process.env[name.toLowerCase()] ?? process.env[name];
  if (!value) {
    return undefined;
  }
  const url = value.includes('://') ? value : `http://${value}`;
  if (!URL.canParse(url)) {
    throw fail(
      'registry.unreachable',
      `No registry can be reached: what ${name} says in the environment is no address of a proxy.`,
      `Set ${name} to something like http://proxy.example.com:3128, or to nothing.`,
    );
  }
  return url;
}

function isLoopback(hostname: string): boolean {
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  return hostname === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

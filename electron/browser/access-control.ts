import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Entry URLs that were given out and not used. Older ones stop working. */
const maxTokens = 16;

export type AccessDecision =
  | { readonly kind: 'allowed' }
  /** The request has the token. It gets the cookie and is redirected. */
  | { readonly kind: 'signed-in'; readonly cookie: string; readonly location: string }
  | { readonly kind: 'denied'; readonly reason: string };

/**
 * Gives access to the browsers that open an entry URL. Any process and any web page on this computer can send requests to a loopback port, so a
 * request must
 * - name this server in its Host header, which a page with a rebound DNS name does not,
 * - come from this origin, which the page of another site does not,
 * - carry the cookie, which is given out once for each random token in an entry URL. Cookies do not depend on the port, so
 *   that its name is different for each server.
 */
export class AccessControl {
  readonly #host: string;
  readonly #secret = randomBytes(32).toString('base64url');
  readonly #cookieName = `barnraiser-${randomBytes(6).toString('hex')}`;
  readonly #tokens: string[] = [];

  /** @param host the required Host header, for example `127.0.0.1:41234` */
  constructor(host: string) {
    this.#host = host;
  }

  /** Creates a URL that gives access to the browser that opens it. It works once. */
  createEntryUrl(): string {
    const token = randomBytes(32).toString('base64url');
    this.#tokens.push(token);
    this.#tokens.splice(0, this.#tokens.length - maxTokens);
    return `http://${this.#host}/?token=${token}`;
  }

  check(request: IncomingMessage): AccessDecision {
    const { host, origin, cookie } = request.headers;
    if (host !== this.#host) {
      return { kind: 'denied', reason: 'This server is available at its own address only.' };
    }
    const isWrite = request.method !== 'GET' && request.method !== 'HEAD';
    if (origin === undefined ? isWrite : origin !== `http://${this.#host}`) {
      return { kind: 'denied', reason: 'This server accepts requests from its own pages only.' };
    }
    const site = request.headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      return { kind: 'denied', reason: 'This server accepts requests from its own pages only.' };
    }
    if (this.#cookieValues(cookie).some((value) => isEqual(value, this.#secret))) {
      return { kind: 'allowed' };
    }
    const token = new URL(request.url ?? '/', `http://${this.#host}`).searchParams.get('token');
    const used = this.#tokens.findIndex((known) => token !== null && isEqual(token, known));
    if (request.method === 'GET' && used >= 0) {
      this.#tokens.splice(used, 1);
      return {
        kind: 'signed-in',
        cookie: `${this.#cookieName}=${this.#secret}; HttpOnly; SameSite=Strict; Path=/`,
        location: '/',
      };
    }
    return {
      kind: 'denied',
      reason: 'Open Barnraiser at the address that it printed. The address works once, in one browser.',
    };
  }

  #cookieValues(header: string | undefined): string[] {
    const prefix = `${this.#cookieName}=`;
    return (header ?? '')
      .split(';')
      .map((part) => part.trim())
      .filter((part) => part.startsWith(prefix))
      .map((part) => part.slice(prefix.length));
  }
}

/** Compares in constant time. */
function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

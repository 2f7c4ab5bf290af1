import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const cookieName = 'barnraiser';

export type AccessDecision =
  | { readonly kind: 'allowed' }
  /** The request has the token. It gets the cookie and is redirected. */
  | { readonly kind: 'signed-in'; readonly cookie: string; readonly location: string }
  | { readonly kind: 'denied'; readonly reason: string };

/**
 * Gives access to one browser. Any process and any web page on this computer can send requests to a loopback port, so a
 * request must
 * - name this server in its Host header, which a page with a rebound DNS name does not,
 * - come from this origin, which the page of another site does not,
 * - carry the cookie, which is given out once for the random token in the URL of the window.
 */
export class AccessControl {
  readonly #host: string;
  readonly #secret = randomBytes(32).toString('base64url');
  #token: string | undefined = randomBytes(32).toString('base64url');

  /** @param host the required Host header, for example `127.0.0.1:41234` */
  constructor(host: string) {
    this.#host = host;
  }

  /** The URL with the token. It works once. */
  get entryUrl(): string {
    return `http://${this.#host}/?token=${this.#token ?? ''}`;
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
    if (accessCookies(cookie).some((value) => isEqual(value, this.#secret))) {
      return { kind: 'allowed' };
    }
    const token = new URL(request.url ?? '/', `http://${this.#host}`).searchParams.get('token');
    if (request.method === 'GET' && token !== null && this.#token !== undefined && isEqual(token, this.#token)) {
      this.#token = undefined;
      return {
        kind: 'signed-in',
        cookie: `${cookieName}=${this.#secret}; HttpOnly; SameSite=Strict; Path=/`,
        location: '/',
      };
    }
    return {
      kind: 'denied',
      reason: 'Open Barnraiser at the address that it printed. The address works once, in one browser.',
    };
  }
}

function accessCookies(header: string | undefined): string[] {
  return (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${cookieName}=`))
    .map((part) => part.slice(cookieName.length + 1));
}

/** Compares in constant time. */
function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

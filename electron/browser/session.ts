import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const cookieName = 'barnraiser';

/** What became of a request at the gate: it may go on, is let in with a cookie and sent on, or is refused. */
export type Admission =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'entered'; readonly cookie: string; readonly location: string }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Lets one browser in. Any process and any web page on this computer can send requests to a loopback port, so a request
 * must name this very server as its Host (a page that rebinds DNS does not), come from this origin (another site's page
 * does not) and carry the cookie, which is given once, for the random token in the URL that the window was opened with.
 */
export class Session {
  readonly #host: string;
  readonly #secret = randomBytes(32).toString('base64url');
  #token: string | undefined = randomBytes(32).toString('base64url');

  /** @param host as `127.0.0.1:41234`: what the Host header must say */
  constructor(host: string) {
    this.#host = host;
  }

  /** The URL that lets a browser in. It works once. */
  get entry(): string {
    return `http://${this.#host}/?token=${this.#token ?? ''}`;
  }

  admit(request: IncomingMessage): Admission {
    const { host, origin, cookie } = request.headers;
    if (host !== this.#host) {
      return { kind: 'refused', reason: 'This server answers under its own address only.' };
    }
    const isWrite = request.method !== 'GET' && request.method !== 'HEAD';
    if (origin === undefined ? isWrite : origin !== `http://${this.#host}`) {
      return { kind: 'refused', reason: 'This server answers its own pages only.' };
    }
    const site = request.headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      return { kind: 'refused', reason: 'This server answers its own pages only.' };
    }
    if (cookieOf(cookie).some((value) => same(value, this.#secret))) {
      return { kind: 'admitted' };
    }
    const given = new URL(request.url ?? '/', `http://${this.#host}`).searchParams.get('token');
    if (request.method === 'GET' && given !== null && this.#token !== undefined && same(given, this.#token)) {
      this.#token = undefined;
      return {
        kind: 'entered',
        cookie: `${cookieName}=${this.#secret}; HttpOnly; SameSite=Strict; Path=/`,
        location: '/',
      };
    }
    return {
      kind: 'refused',
      reason: 'Open Barnraiser with the address that it printed; it lets one browser in, once.',
    };
  }
}

function cookieOf(header: string | undefined): string[] {
  return (header ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${cookieName}=`))
    .map((part) => part.slice(cookieName.length + 1));
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

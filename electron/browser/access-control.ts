import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Entry URLs that were given out and not used. Older ones stop working. */
const maxTokens = 16;

/** How long an entry URL works, in milliseconds: a person may have to copy it to a browser first. */
const tokenLifetimeMs = 10 * 60_000;

/** The page, which exchanges the token of an entry URL for access. The only path that other sites and files may lead to. */
export const entryPath = '/enter.html';

/**
 * Gives access to the page that has an entry URL. Any process of any user and any web page on this computer can send
 * requests to a loopback port, so a request must
 * - name this server in its Host header, which a page with a rebound DNS name does not,
 * - come from this origin, which the page of another site does not,
 * - carry a secret in a header. The page gets it once, for the random token in an entry URL, and keeps it for its origin,
 *   which includes the port. A cookie would be sent to the servers of all users on this computer, at any port.
 */
export class AccessControl {
  readonly #origin: string;
  readonly #host: string;
  readonly #secret = randomBytes(32).toString('base64url');
  readonly #now: () => number;
  #tokens: { readonly token: string; readonly endMs: number }[] = [];

  /** @param host the required Host header, for example `127.0.0.1:41234` */
  constructor(host: string, now: () => number = () => performance.now()) {
    this.#host = host;
    this.#origin = `http://${host}`;
    this.#now = now;
  }

  /**
   * Creates a URL that gives access to the page that opens it, once and within {@link tokenLifetimeMs}. The token is after the
   * `#`, which browsers do not send.
   * @param route a value of `location.hash`, shown by the page afterwards
   */
  createEntryUrl(route = ''): string {
    const token = randomBytes(32).toString('base64url');
    this.#tokens = [...this.#tokens, { token, endMs: this.#now() + tokenLifetimeMs }].slice(-maxTokens);
    return `${this.#origin}${entryPath}#token=${token}${route}`;
  }

  /** Why a request is denied whatever it carries, or undefined. */
  denialReason({ headers, method }: IncomingMessage, path: string): string | undefined {
    if (headers.host !== this.#host) {
      return 'This server is available at its own address only.';
    }
    const site = headers['sec-fetch-site'];
    const isOpened = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
    const isOwn =
      site === undefined ||
      site === 'same-origin' ||
      site === 'none' ||
      (path === entryPath && isOpened && method === 'GET');
    const isWrite = method !== 'GET' && method !== 'HEAD';
    const isOwnOrigin = headers.origin === undefined ? !isWrite : headers.origin === this.#origin;
    return isOwn && isOwnOrigin ? undefined : 'This server accepts requests from its own pages only.';
  }

  /** Exchanges the token of an entry URL for the secret, once. @returns undefined if the token is wrong, used or too old */
  exchange(token: string): string | undefined {
    const now = this.#now();
    const known = this.#tokens.find((each) => isEqual(each.token, token));
    this.#tokens = this.#tokens.filter((each) => each !== known && each.endMs > now);
    return known !== undefined && known.endMs > now ? this.#secret : undefined;
  }

  /** Whether the request carries the secret. */
  isAdmitted({ headers }: IncomingMessage): boolean {
    return isEqual(headers.authorization ?? '', `Bearer ${this.#secret}`);
  }
}

/** Compares in constant time. */
function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

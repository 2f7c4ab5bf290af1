/** The secret that admits this page to the server of the browser front end. */
import type { Problem } from '../../shared/problem.ts';
import { fetchAgain } from './fetch-again.ts';

/** Of this origin alone, which includes the port: no server at another port gets it, as it would get a cookie. */
const storageKey = 'barnraiser-access';

/** How long another page of this browser may take to pass the secret on, in milliseconds. */
const askTimeoutMs = 500;

export const noAccess: Problem = {
  code: 'app.access',
  message: 'This page has no access to Barnraiser.',
  fix: 'Open the address that Barnraiser printed last. It works once, within ten minutes: if it is too old, start Barnraiser again for another.',
};

/**
 * Exchanges the token of an entry URL for the secret and keeps that, also when the page is loaded again. A token that was used
 * before does no harm where another page of this browser has access.
 */
export async function enterWithToken(token: string): Promise<void> {
  try {
    const response = await fetchAgain('/enter', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    if (response.ok) {
      const { secret }: { secret: string } = await response.json();
      sessionStorage.setItem(storageKey, secret);
    }
  } catch {
    // the page says that it has no access
  }
}

type Message = { readonly kind: 'ask' } | { readonly kind: 'secret'; readonly secret: string };

export class PageAccess {
  readonly #channel = new BroadcastChannel(storageKey);
  #secret = sessionStorage.getItem(storageKey) ?? undefined;
  #rejected: string | undefined;
  #search: Promise<string | undefined> | undefined;

  /** Passes the secret on to pages that the person opens in other tabs. */
  constructor() {
    this.#channel.addEventListener('message', ({ data }: MessageEvent<Message>) => {
      if (data.kind === 'ask' && this.#secret !== undefined) {
        this.#channel.postMessage({ kind: 'secret', secret: this.#secret } satisfies Message);
      }
    });
  }

  /** The secret, if this page has it already. */
  get known(): string | undefined {
    return this.#secret;
  }

  /** The secret of this page or of another page of this browser. */
  async find(): Promise<string | undefined> {
    if (this.#secret !== undefined) {
      return this.#secret;
    }
    this.#search ??= this.#ask();
    const secret = await this.#search;
    this.#search = undefined;
    if (secret !== undefined) {
      this.#secret = secret;
      sessionStorage.setItem(storageKey, secret);
    }
    return secret;
  }

  /** Forgets a secret that the server does not accept: it is another server than before, at the same address. */
  reject(secret: string): void {
    this.#rejected = secret;
    if (this.#secret === secret) {
      this.#secret = undefined;
      sessionStorage.removeItem(storageKey);
    }
  }

  #ask(): Promise<string | undefined> {
    return new Promise((resolve) => {
      const end = (secret: string | undefined): void => {
        clearTimeout(timer);
        this.#channel.removeEventListener('message', onMessage);
        resolve(secret);
      };
      const onMessage = ({ data }: MessageEvent<Message>): void => {
        if (data.kind === 'secret' && data.secret !== this.#rejected) {
          end(data.secret);
        }
      };
      const timer = setTimeout(() => end(undefined), askTimeoutMs);
      this.#channel.addEventListener('message', onMessage);
      this.#channel.postMessage({ kind: 'ask' } satisfies Message);
    });
  }
}

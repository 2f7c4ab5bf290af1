/** HTTP without a proxy, by Node's own client: it is loaded already for the engines, where undici takes a tenth of a short command. */
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { finished, pipeline, type Readable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { noServerName } from '../system/no-server-name.ts';

/** How many connections one origin gets. */
export const maxConnections = 8;
/** Milliseconds until a connection is given up, with its TLS handshake. */
export const connectTimeoutMs = 15_000;
/** Milliseconds in which nothing is sent or received, until a request is given up. As undici's. */
const silenceTimeoutMs = 300_000;
/** Milliseconds after which a connection without a request is closed, unless the server names less. As undici's. */
const idleTimeoutMs = 4_000;

interface DirectRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable | Buffer | undefined;
  readonly signal: AbortSignal;
}

interface DirectResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
}

/** Connections to servers that are kept for later requests. */
export class DirectHttp {
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  /** @param tls options of the connections to https addresses */
  constructor(tls: ConstructorParameters<typeof HttpsAgent>[0]) {
    const options = { keepAlive: true, maxSockets: maxConnections, timeout: idleTimeoutMs };
    this.#http = new HttpAgent(options);
    this.#https = new HttpsAgent({ ...options, ...tls });
  }

  /**
   * Sends a request. The rest of its body is not sent once the response is complete.
   * @throws the network's own error, the body's, or the reason of the signal
   */
  send({ url, method, headers, body, signal }: DirectRequest): Promise<DirectResponse> {
    return new Promise((resolve, reject) => {
      const isHttps = url.protocol === 'https:';
      const common = { method, headers: { ...headers }, timeout: silenceTimeoutMs };
      const outgoing = isHttps
        ? httpsRequest(url, { ...common, agent: this.#https, servername: serverName(url) })
        : httpRequest(url, { ...common, ...noServerName, agent: this.#http });
      let incoming: Readable | undefined;
      const stop = (error: Error): void => {
        // a response that has begun tells the error to who reads it
        (incoming ?? outgoing).destroy(error);
      };
      const onAbort = (): void => stop(asError(signal.reason));
      signal.addEventListener('abort', onAbort, { once: true });
      outgoing.once('close', () => signal.removeEventListener('abort', onAbort));
      outgoing.on('timeout', () => stop(new SilenceError(incoming ? 'body' : 'response')));
      outgoing.once('socket', (socket) => {
        if (!socket.connecting) {
          return;
        }
        const timer = setTimeout(() => outgoing.destroy(new SilenceError('connection')), connectTimeoutMs);
        socket.once((socket as Partial<TLSSocket>).encrypted ? 'secureConnect' : 'connect', () => clearTimeout(timer));
        socket.once('close', () => clearTimeout(timer));
      });
      outgoing.on('error', reject);
      outgoing.once('response', (response) => {
        incoming = response;
        // who does not read it any more must not end the process
        response.on('error', () => undefined);
        finished(response, { writable: false }, (error) => {
          // a server that needs no more of a body has answered: what would follow has no reader
          if (error || !outgoing.writableFinished) {
            outgoing.destroy();
          }
        });
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response });
      });
      if (signal.aborted) {
        onAbort();
      }
      if (body === undefined || Buffer.isBuffer(body)) {
        outgoing.end(body);
      } else {
        pipeline(body, outgoing, (error) => error && !incoming && reject(error));
      }
    });
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

/** Nothing came for too long. */
export class SilenceError extends Error {
  readonly code: string;

  constructor(missing: 'connection' | 'response' | 'body') {
    super(`There was no ${missing} in time.`);
    this.code = { connection: 'ETIMEDOUT', response: 'ERR_NO_RESPONSE', body: 'ERR_NO_BODY' }[missing];
  }
}

/** The name for the TLS handshake. A URL writes addresses in one form only. */
function serverName({ hostname }: URL): string {
  return isAddress(hostname) ? '' : hostname;
}

export function isAddress(hostname: string): boolean {
  return hostname.startsWith('[') || /^[\d.]+$/.test(hostname);
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

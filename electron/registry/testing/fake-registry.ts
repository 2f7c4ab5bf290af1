import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { digestOf } from '../client.ts';

/** A request as it arrived; `path` with its query. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** Answers a request itself and says true, or leaves it to the registry. */
export type Fault = (request: IncomingMessage, response: ServerResponse, seen: Seen) => boolean | Promise<boolean>;

/**
 * A registry in this process for what real ones do not do on demand: drop connections, forget, lie, answer errors. Without
 * mischief it keeps the rules: it takes a manifest only when it has everything that it names, checks digests and offsets,
 * and wants the query of its upload locations back as it was.
 */
export class FakeRegistry {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, { readonly mediaType: string; readonly bytes: Buffer }>();
  readonly uploads = new Map<string, Buffer>();
  readonly requests: Seen[] = [];
  /** Asked first for every request. */
  mischief: Fault = () => false;
  /** After how many bytes the connection is cut: one for each body that is longer than the next of them. */
  readonly cuts: number[] = [];
  /** Does it know after a cut how much has arrived? Docker's registry does not. */
  remembers = true;

  readonly #server: Server;
  readonly #scheme: string;

  private constructor(tls: boolean) {
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response).catch(() => response.destroy());
    };
    this.#scheme = tls ? 'https' : 'http';
    this.#server = tls ? createTlsServer({ key: testKey, cert: testCertificate }, listener) : createServer(listener);
  }

  static async start({ tls = false } = {}): Promise<FakeRegistry> {
    const registry = new FakeRegistry(tls);
    await new Promise<void>((resolve) => registry.#server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  get port(): number {
    const address = this.#server.address();
    return isAddress(address) ? address.port : 0;
  }

  /** As a reference names it. */
  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  get origin(): string {
    return `${this.#scheme}://${this.host}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** `METHOD path` of all requests, without queries. */
  get log(): string[] {
    return this.requests.map(({ method, path }) => `${method} ${path.split('?')[0]}`);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = { method: request.method ?? '', path: request.url ?? '', headers: request.headers };
    this.requests.push(seen);
    if (await this.mischief(request, response, seen)) {
      return;
    }
    const url = new URL(seen.path, this.origin);
    if (url.pathname === '/v2/') {
      answer(response, 200, {}, '{}');
      return;
    }
    const [, what = '', name = ''] = /^\/v2\/.+\/(blobs\/uploads|blobs|manifests)\/(.*)$/.exec(url.pathname) ?? [];
    if (what === 'blobs/uploads') {
      await this.#upload(request, response, url, name);
    } else if (what === 'blobs') {
      const blob = this.blobs.get(name);
      answer(response, blob ? 200 : 404, blob ? { 'content-length': blob.length } : {});
    } else if (request.method === 'PUT') {
      this.#storeManifest(request, response, name, await read(request));
    } else {
      const manifest = this.manifests.get(name);
      const headers = manifest && {
        'content-type': manifest.mediaType,
        'docker-content-digest': digestOf(manifest.bytes),
      };
      answer(response, manifest ? 200 : 404, headers, request.method === 'GET' ? manifest?.bytes : undefined);
    }
  }

  async #upload(request: IncomingMessage, response: ServerResponse, url: URL, id: string): Promise<void> {
    if (request.method === 'POST') {
      const begun = `upload-${this.requests.length}`;
      this.uploads.set(begun, Buffer.alloc(0));
      answer(response, 202, { location: `${url.pathname}${begun}?_state=a%2Fb%3D%3D&x=1` });
      return;
    }
    const kept = this.uploads.get(id);
    if (!kept || !url.search.startsWith('?_state=a%2Fb%3D%3D&x=1')) {
      answer(response, 404, {}, error('BLOB_UPLOAD_UNKNOWN', 'no such upload'));
      return;
    }
    const location = `${url.pathname}?_state=a%2Fb%3D%3D&x=1`;
    if (request.method === 'GET') {
      answer(
        response,
        this.remembers ? 204 : 404,
        this.remembers ? { location, range: `0-${Math.max(0, kept.length - 1)}` } : {},
      );
      return;
    }
    if (request.method === 'DELETE') {
      this.uploads.delete(id);
      answer(response, 204);
      return;
    }
    const start = Number(/^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1] ?? kept.length);
    if (start !== kept.length) {
      answer(response, 416);
      return;
    }
    const length = Number(request.headers['content-length']);
    const cut = length > (this.cuts[0] ?? length) ? this.cuts.shift() : undefined;
    const body = Buffer.concat([kept, await read(request, cut)]);
    this.uploads.set(id, body);
    if (cut !== undefined) {
      request.socket.destroy();
      return;
    }
    if (request.method === 'PATCH') {
      answer(response, 202, { location, range: `0-${body.length - 1}` });
      return;
    }
    const digest = url.searchParams.get('digest') ?? '';
    if (digestOf(body) !== digest) {
      answer(response, 400, {}, error('DIGEST_INVALID', 'provided digest did not match uploaded content'));
      return;
    }
    this.uploads.delete(id);
    this.blobs.set(digest, body);
    answer(response, 201, { 'docker-content-digest': digest });
  }

  #storeManifest(request: IncomingMessage, response: ServerResponse, name: string, bytes: Buffer): void {
    const manifest = JSON.parse(bytes.toString('utf8'));
    const blobs = [manifest.config, ...(manifest.layers ?? [])].filter((entry) => entry && !entry.urls);
    const whole =
      blobs.every(({ digest }) => this.blobs.has(digest)) &&
      (manifest.manifests ?? []).every(({ digest }: { digest: string }) => this.manifests.has(digest));
    if (!whole) {
      answer(response, 400, {}, error('MANIFEST_BLOB_UNKNOWN', 'manifest names what is not here'));
      return;
    }
    const entry = { mediaType: request.headers['content-type'] ?? '', bytes };
    this.manifests.set(name, entry);
    this.manifests.set(digestOf(bytes), entry);
    answer(response, 201, { 'docker-content-digest': digestOf(bytes) });
  }
}

/** An error's body as registries write it. */
export function error(code: string, message: string): string {
  return JSON.stringify({ errors: [{ code, message }] });
}

export function answer(
  response: ServerResponse,
  status: number,
  headers: Record<string, string | number> = {},
  body: string | Buffer = '',
): void {
  response.writeHead(status, headers);
  response.end(body);
}

/** The body of a request; with `limit` only so many bytes of it, and the rest is left unread. */
export async function read(request: IncomingMessage, limit = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= limit) {
      break;
    }
  }
  return Buffer.concat(chunks).subarray(0, limit);
}

function isAddress(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

/** Of registry.test, localhost and 127.0.0.1, signed by itself, valid for a hundred years. It protects nothing. */
const testKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEw/kYTTWKMn/PSNN
xfGvO6DeeC8kVZESOxc+kjnJ40qhRANCAARRdU5jUbh1JwRuiaASDJ+pjoIz9NSL
/8QTV2klVVgbM3ipGTEr/A3xvPhb5irbsyu7OW3VikGI73fUYtKruNrm
-----END PRIVATE KEY-----
`;

const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBsTCCAVigAwIBAgIUb16TJ2cWtm6kp5yFNDyJUw88hzwwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNcmVnaXN0cnkudGVzdDAgFw0yNjExMjMxODMyMzVaGA8yMTI2
MTAzMDE4MzIzNVowGDEWMBQGA1UEAwwNcmVnaXN0cnkudGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABFF1TmNRuHUnBG6JoBIMn6mOgjP01Iv/xBNXaSVVWBsz
eKkZMSv8DfG8+FvmKtuzK7s5bdWKQYjvd9Ri0qu42uajfjB8MB0GA1UdDgQWBBRd
Rpguag0vlzgPld6i0YjpMss3CTAfBgNVHSMEGDAWgBRdRpguag0vlzgPld6i0Yjp
Mss3CTAPBgNVHRMBAf8EBTADAQH/MCkGA1UdEQQiMCCCDXJlZ2lzdHJ5LnRlc3SC
CWxvY2FsaG9zdIcEfwAAATAKBggqhkjOPQQDAgNHADBEAiAg636+FG/nisVT5+Km
vvwJ7yKpZPRdVfF0/qmWyR7ZAAIgbo5J+8fAtvhvPQGKiwV1XmZZ7eXTnrw2EQPQ
6PALoNE=
-----END CERTIFICATE-----
`;

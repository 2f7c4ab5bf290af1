import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { digestOf } from '../../images/digest.ts';

/** A request that the registry received. `path` includes the query. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** Answers a request and returns true, or returns false to let the registry answer it. */
export type Fault = (
  request: IncomingMessage,
  response: ServerResponse,
  recorded: RecordedRequest,
) => boolean | Promise<boolean>;

/**
 * A registry in this process that fails on demand: it can drop connections, lose uploads, and answer wrongly or with
 * errors. Without a fault it follows the specification: it accepts a manifest only if it has everything that the
 * manifest refers to, checks digests and offsets, and requires the unchanged query of its upload locations.
 */
export class FakeRegistry {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, { readonly mediaType: string; readonly bytes: Buffer }>();
  /** The blobs of other repositories, by repository and digest. */
  readonly mountable = new Map<string, Map<string, Buffer>>();
  readonly uploads = new Map<string, Buffer>();
  readonly requests: RecordedRequest[] = [];
  /** Called first for every request. */
  fault: Fault = () => false;
  /** A body longer than the first number closes the connection after that many bytes and removes the number. */
  readonly closeAfterBytes: number[] = [];
  /** Whether it knows after a lost connection how many bytes have arrived. Docker's registry does not. */
  keepsOffset = true;
  /** Whether it sends a part of a blob when asked for it. */
  hasRanges = true;
  /** Whether it has the referrers API of the specification 1.1. */
  hasReferrersApi = true;
  /** What it removes with a tag: nothing, if it refuses to, or also a manifest that has no other tag. */
  deletes: 'nothing' | 'tag' | 'tag and manifest' = 'tag';

  readonly #server: Server;
  readonly #scheme: string;

  private constructor(tls: ServerOptions | undefined) {
    const listener = (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response).catch(() => response.destroy());
    };
    this.#scheme = tls ? 'https' : 'http';
    this.#server = tls ? createTlsServer(tls, listener) : createServer(listener);
  }

  /** @param options `tls`: with a self-signed certificate, or with these options. */
  static async start({ tls = false }: { readonly tls?: boolean | ServerOptions } = {}): Promise<FakeRegistry> {
    const selfSigned = tls ? { key: testKey, cert: testCertificate } : undefined;
    const registry = new FakeRegistry(typeof tls === 'object' ? tls : selfSigned);
    await new Promise<void>((resolve) => registry.#server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  get port(): number {
    const address = this.#server.address();
    return isAddress(address) ? address.port : 0;
  }

  /** The host in references. */
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

  /** `METHOD path` of all requests, without their queries. */
  get log(): string[] {
    return this.requests.map(({ method, path }) => `${method} ${path.split('?')[0]}`);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const recorded = { method: request.method ?? '', path: request.url ?? '', headers: request.headers };
    this.requests.push(recorded);
    if (await this.fault(request, response, recorded)) {
      return;
    }
    const url = new URL(recorded.path, this.origin);
    const [, tagged] = /^\/v2\/(.+)\/tags\/list$/.exec(url.pathname) ?? [];
    if (tagged !== undefined) {
      this.#listTags(response, url, tagged);
      return;
    }
    if (url.pathname === '/v2/') {
      respond(response, 200, {}, '{}');
      return;
    }
    const [, repository = '', kind = '', name = ''] =
      /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests|referrers)\/(.*)$/.exec(url.pathname) ?? [];
    if (kind === 'blobs/uploads') {
      await this.#upload(request, response, url, name);
    } else if (kind === 'blobs') {
      const blob = (this.mountable.get(repository) ?? this.blobs).get(name);
      const start = this.hasRanges ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
      const part = blob?.subarray(start);
      const headers = part && {
        'content-length': part.length,
        'docker-content-digest': name,
        ...(start > 0 ? { 'content-range': `bytes ${start}-${start + part.length - 1}/${start + part.length}` } : {}),
      };
      respond(response, part ? (start > 0 ? 206 : 200) : 404, headers, request.method === 'GET' ? part : undefined);
    } else if (kind === 'referrers') {
      this.#listReferrers(response, name);
    } else if (request.method === 'PUT') {
      this.#storeManifest(request, response, name, await readRequest(request));
    } else if (request.method === 'DELETE') {
      this.#deleteManifest(response, name);
    } else {
      const manifest = this.manifests.get(name);
      const headers = manifest && {
        'content-type': manifest.mediaType,
        'docker-content-digest': digestOf(manifest.bytes),
      };
      respond(response, manifest ? 200 : 404, headers, request.method === 'GET' ? manifest?.bytes : undefined);
    }
  }

  async #upload(request: IncomingMessage, response: ServerResponse, url: URL, id: string): Promise<void> {
    const mount = url.searchParams.get('mount');
    if (mount !== null && this.mountable.get(url.searchParams.get('from') ?? '')?.has(mount)) {
      this.blobs.set(mount, this.mountable.get(url.searchParams.get('from') ?? '')?.get(mount) ?? Buffer.alloc(0));
      respond(response, 201, { location: `${url.pathname}${mount}`, 'docker-content-digest': mount });
      return;
    }
    if (request.method === 'POST') {
      const newId = `upload-${this.requests.length}`;
      this.uploads.set(newId, Buffer.alloc(0));
      respond(response, 202, { location: `${url.pathname}${newId}?_state=a%2Fb%3D%3D&x=1` });
      return;
    }
    const stored = this.uploads.get(id);
    // engines sort the parameters
    if (!stored || !/[?&]_state=a%2Fb%3D%3D(&|$)/.test(url.search) || !/[?&]x=1(&|$)/.test(url.search)) {
      respond(response, 404, {}, errorBody('BLOB_UPLOAD_UNKNOWN', 'no such upload'));
      return;
    }
    const location = `${url.pathname}?_state=a%2Fb%3D%3D&x=1`;
    if (request.method === 'GET') {
      respond(
        response,
        this.keepsOffset ? 204 : 404,
        this.keepsOffset ? { location, range: `0-${Math.max(0, stored.length - 1)}` } : {},
      );
      return;
    }
    if (request.method === 'DELETE') {
      this.uploads.delete(id);
      respond(response, 204);
      return;
    }
    const start = Number(/^(\d+)-/.exec(request.headers['content-range'] ?? '')?.[1] ?? stored.length);
    if (start !== stored.length) {
      respond(response, 416);
      return;
    }
    const length = Number(request.headers['content-length']);
    const closeAfter = length > (this.closeAfterBytes[0] ?? length) ? this.closeAfterBytes.shift() : undefined;
    const body = Buffer.concat([stored, await readRequest(request, closeAfter)]);
    this.uploads.set(id, body);
    if (closeAfter !== undefined) {
      request.socket.destroy();
      return;
    }
    if (request.method === 'PATCH') {
      respond(response, 202, { location, range: `0-${body.length - 1}` });
      return;
    }
    const digest = url.searchParams.get('digest') ?? '';
    if (digestOf(body) !== digest) {
      respond(response, 400, {}, errorBody('DIGEST_INVALID', 'provided digest did not match uploaded content'));
      return;
    }
    this.uploads.delete(id);
    this.blobs.set(digest, body);
    respond(response, 201, { 'docker-content-digest': digest });
  }

  /** Two on a page. */
  #listTags(response: ServerResponse, url: URL, name: string): void {
    const all = [...this.manifests.keys()].filter((each) => !each.startsWith('sha256:')).sort();
    const last = url.searchParams.get('last');
    const rest = last === null ? all : all.filter((tag) => tag > last);
    const page = rest.slice(0, 2);
    const next = `<${url.pathname}?last=${page.at(-1)}&n=2>; rel="next"`;
    respond(response, 200, rest.length > 2 ? { link: next } : {}, JSON.stringify({ name, tags: page }));
  }

  #listReferrers(response: ServerResponse, subject: string): void {
    if (!this.hasReferrersApi) {
      respond(response, 404, {}, errorBody('UNSUPPORTED', 'no such endpoint'));
      return;
    }
    const all = new Map([...this.manifests.values()].map((manifest) => [digestOf(manifest.bytes), manifest]));
    const manifests = [...all].flatMap(([digest, { mediaType, bytes }]) =>
      JSON.parse(bytes.toString('utf8')).subject?.digest === subject ? [{ mediaType, digest, size: bytes.length }] : [],
    );
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    respond(response, 200, { 'content-type': mediaType }, JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  }

  #deleteManifest(response: ServerResponse, name: string): void {
    const manifest = this.manifests.get(name);
    if (this.deletes === 'nothing') {
      respond(response, 405, {}, errorBody('UNSUPPORTED', 'The operation is unsupported.'));
      return;
    }
    this.manifests.delete(name);
    if (manifest && this.deletes === 'tag and manifest') {
      this.manifests.delete(digestOf(manifest.bytes));
    }
    respond(response, manifest ? 202 : 404);
  }

  #storeManifest(request: IncomingMessage, response: ServerResponse, name: string, bytes: Buffer): void {
    const manifest = JSON.parse(bytes.toString('utf8'));
    const blobs = [manifest.config, ...(manifest.layers ?? [])].filter((entry) => entry && !entry.urls);
    const isComplete =
      blobs.every(({ digest }) => this.blobs.has(digest)) &&
      (manifest.manifests ?? []).every(({ digest }: { digest: string }) => this.manifests.has(digest));
    if (!isComplete) {
      respond(response, 400, {}, errorBody('MANIFEST_BLOB_UNKNOWN', 'manifest refers to unknown blobs or manifests'));
      return;
    }
    const entry = { mediaType: request.headers['content-type'] ?? '', bytes };
    this.manifests.set(name, entry);
    this.manifests.set(digestOf(bytes), entry);
    respond(response, 201, { 'docker-content-digest': digestOf(bytes) });
  }
}

/** The body of an error response of a registry. */
export function errorBody(code: string, message: string): string {
  return JSON.stringify({ errors: [{ code, message }] });
}

export function respond(
  response: ServerResponse,
  status: number,
  headers: Record<string, string | number> = {},
  body: string | Buffer = '',
): void {
  response.writeHead(status, headers);
  response.end(body);
}

/** Reads the body of a request, or only its first `limit` bytes. */
export async function readRequest(request: IncomingMessage, limit = Number.POSITIVE_INFINITY): Promise<Buffer> {
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

/** Self-signed for registry.test, localhost and 127.0.0.1, valid for a hundred years. Not secret: only for tests. */
const testKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgEw/kYTTWKMn/PSNN
xfGvO6DeeC8kVZESOxc+kjnJ40qhRANCAARRdU5jUbh1JwRuiaASDJ+pjoIz9NSL
/8QTV2klVVgbM3ipGTEr/A3xvPhb5irbsyu7OW3VikGI73fUYtKruNrm
-----END PRIVATE KEY-----
`;

export const testCertificate = `-----BEGIN CERTIFICATE-----
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

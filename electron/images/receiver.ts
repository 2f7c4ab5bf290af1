import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Digest, isDigest } from '../../shared/image.ts';
import { type Admission, type AdmitOptions, OpenAdmission } from './admission.ts';
import { takeImage } from './image-check.ts';
import { digestOf, maxManifestBytes, parseManifest, type ReceivedImage } from './manifest.ts';
import { RegistryError, registryErrorOf } from './registry-error.ts';
import type { ImageStore } from './store.ts';
import { body, rangeOf, Upload } from './upload.ts';

export type { Admission, AdmitOptions } from './admission.ts';

/** A connection on which nothing moves for this long is dead: a slow node compresses a large layer between two pieces. */
const idleMs = 10 * 60_000;

/**
 * The store as a registry that nodes push into. Nothing listens: the ways to the nodes emit their streams as `connection`
 * into the server. Whoever has no credential of an open admission gets nothing.
 */
export interface Receiver {
  readonly server: Server;
  /** Lets a node push one image, until it is closed. */
  admit(options: AdmitOptions): Admission;
  /** Ends all admissions and connections. */
  close(): Promise<void>;
}

/** What a request is about: the parts of its path. */
interface Target {
  readonly admission: OpenAdmission;
  readonly repository: string;
  readonly kind: 'blobs' | 'uploads' | 'manifests';
  /** A digest, a tag, or the id of an upload; empty where a new upload is asked for. */
  readonly name: string;
  readonly query: URLSearchParams;
}

/** What a request is answered with, and what is to be done once the answer has left. */
interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Buffer;
  readonly afterwards?: () => void;
}

/** Push side of the OCI distribution specification 1.1, over one store. */
export function createReceiver(store: ImageStore): Receiver {
  const admissions = new Map<string, OpenAdmission>();
  const { blobs } = store;
  const server = createServer((request, response) => {
    void serve(request, response);
  });
  // an upload takes as long as it takes; only silence ends it
  server.requestTimeout = 0;
  server.timeout = idleMs;
  server.keepAliveTimeout = idleMs;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let admission: OpenAdmission | undefined;
    try {
      const found = authenticate(request);
      admission = found;
      await found.during(request, () => route(found, request, response));
    } catch (error) {
      admission?.judge(error);
      respondError(request, response, registryErrorOf(error));
    }
  }

  function authenticate(request: IncomingMessage): OpenAdmission {
    const [scheme, encoded = ''] = (request.headers.authorization ?? '').split(' ');
    const credential = Buffer.from(encoded, 'base64').toString('utf8');
    const colon = credential.indexOf(':');
    const admission = colon > 0 ? admissions.get(credential.slice(0, colon)) : undefined;
    if (scheme?.toLowerCase() !== 'basic' || !admission?.matches(credential.slice(colon + 1))) {
      throw new RegistryError(401, 'UNAUTHORIZED', 'the credential of a build under way is needed', {
        'WWW-Authenticate': 'Basic realm="Barnraiser", charset="UTF-8"',
      });
    }
    return admission;
  }

  async function route(admission: OpenAdmission, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    if (path === '/v2/' || path === '/v2') {
      respond(request, response, json(200, {}));
      return;
    }
    const target = parseTarget(admission, path, new URLSearchParams(query));
    if (target.kind === 'blobs' && request.method === 'GET') {
      await sendBlob(target, response);
      return;
    }
    respond(request, response, await answer(target, request));
  }

  function parseTarget(admission: OpenAdmission, path: string, query: URLSearchParams): Target {
    const match = /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests)\/([^/]*)$/.exec(path);
    const [, repository = '', noun = '', name = ''] = match ?? [];
    if (!match) {
      throw new RegistryError(404, 'UNSUPPORTED', 'nothing is served here');
    }
    if (repository !== admission.repository) {
      throw new RegistryError(403, 'DENIED', `this credential is not good for ${repository}`);
    }
    const kind = noun === 'blobs/uploads' ? 'uploads' : noun === 'blobs' ? 'blobs' : 'manifests';
    return { admission, repository, kind, name, query };
  }

  async function answer(target: Target, request: IncomingMessage): Promise<Answer> {
    switch (`${request.method} ${target.kind}`) {
      case 'HEAD blobs':
        return headBlob(target);
      case 'POST uploads':
        return startUpload(target, request);
      case 'PATCH uploads':
        return continueUpload(target, request);
      case 'PUT uploads':
        return finishUpload(uploadOf(target), target, request);
      case 'GET uploads':
        return uploadStatus(204, target, uploadOf(target));
      case 'DELETE uploads':
        await uploadOf(target).abort();
        return { status: 204 };
      case 'HEAD manifests':
      case 'GET manifests':
        return getManifest(target);
      case 'PUT manifests':
        return putManifest(target, request);
      default:
        throw new RegistryError(405, 'UNSUPPORTED', `${request.method} is not possible here`);
    }
  }

  /** The size of a blob that will stay: held first and looked at afterwards, so that no collection comes in between. */
  async function heldSize({ admission }: Target, digest: Digest): Promise<number | undefined> {
    await admission.lease.hold(digest);
    return blobs.size(digest);
  }

  async function headBlob(target: Target): Promise<Answer> {
    const digest = digestIn(target.name);
    const size = await heldSize(target, digest);
    if (size === undefined) {
      throw new RegistryError(404, 'BLOB_UNKNOWN', `${digest} is not here`);
    }
    return { status: 200, headers: blobHeaders(digest, size) };
  }

  async function sendBlob(target: Target, response: ServerResponse): Promise<void> {
    const digest = digestIn(target.name);
    const size = await heldSize(target, digest);
    if (size === undefined) {
      throw new RegistryError(404, 'BLOB_UNKNOWN', `${digest} is not here`);
    }
    response.writeHead(200, blobHeaders(digest, size));
    // the head is out: whatever goes wrong now, the node sees a broken connection
    await pipeline(blobs.read(digest), response).catch(() => response.destroy());
  }

  async function startUpload(target: Target, request: IncomingMessage): Promise<Answer> {
    const mount = target.query.get('mount');
    if (mount && isDigest(mount) && (await heldSize(target, mount)) !== undefined) {
      return created(target, mount);
    }
    if (target.query.has('digest')) {
      digestIn(target.query.get('digest') ?? '');
      return finishUpload(Upload.start(target.admission, blobs), target, request);
    }
    return uploadStatus(202, target, Upload.start(target.admission, blobs));
  }

  async function continueUpload(target: Target, request: IncomingMessage): Promise<Answer> {
    const upload = uploadOf(target);
    await upload.append(request);
    return uploadStatus(202, target, upload);
  }

  async function finishUpload(upload: Upload, target: Target, request: IncomingMessage): Promise<Answer> {
    const digest = digestIn(target.query.get('digest') ?? '');
    await upload.append(request);
    await upload.finish(digest);
    return created(target, digest);
  }

  function uploadOf({ admission, name }: Target): Upload {
    const upload = admission.uploads.get(name);
    if (!upload) {
      throw new RegistryError(404, 'BLOB_UPLOAD_UNKNOWN', 'there is no such upload; start the blob again');
    }
    return upload;
  }

  function getManifest({ admission, name }: Target): Answer {
    const manifest = admission.manifests.get(name);
    if (!manifest) {
      throw new RegistryError(404, 'MANIFEST_UNKNOWN', `${name} was not pushed`);
    }
    const { bytes, mediaType, digest } = manifest;
    return { status: 200, headers: { 'Content-Type': mediaType, 'Docker-Content-Digest': digest }, body: bytes };
  }

  /** A manifest by digest is only stored, as part of an index to come; the one by the admission's tag is the image. */
  async function putManifest(target: Target, request: IncomingMessage): Promise<Answer> {
    const { admission, repository, name } = target;
    const bytes = await manifestBody(admission, request);
    const digest = digestOf(bytes);
    const declared = request.headers['content-type']?.split(';')[0]?.trim();
    const { mediaType } = parseManifest(bytes, declared);
    let image: ReceivedImage | undefined;
    if (name === admission.tag) {
      image = await takeImage(blobs, admission.lease, bytes, admission.platform, mediaType);
    } else if (name === digest) {
      await admission.lease.hold(digest);
      await blobs.put(bytes);
    } else if (isDigest(name)) {
      throw new RegistryError(400, 'DIGEST_INVALID', `the manifest is ${digest}, not ${name}`);
    } else {
      throw new RegistryError(403, 'DENIED', `this credential is not good for the tag ${name}`);
    }
    for (const key of [name, digest]) {
      admission.manifests.set(key, { bytes, mediaType, digest });
    }
    const headers = { Location: `/v2/${repository}/manifests/${digest}`, 'Docker-Content-Digest': digest };
    // the node is told first: whoever waits for the image may close the connection as soon as it is there
    return { status: 201, headers, ...(image ? { afterwards: () => admission.complete(image) } : {}) };
  }

  return {
    server,
    admit(options) {
      const admission = new OpenAdmission(options, (ended) => admissions.delete(ended.username));
      if (!options.signal.aborted) {
        admissions.set(admission.username, admission);
      }
      return admission;
    },
    async close() {
      await Promise.all([...admissions.values()].map((admission) => admission.close()));
      server.close();
      server.closeAllConnections();
    },
  };
}

async function manifestBody(admission: OpenAdmission, request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body(request)) {
    admission.count(piece.length);
    bytes += piece.length;
    if (bytes > maxManifestBytes) {
      throw new RegistryError(413, 'SIZE_INVALID', `a manifest has at most ${maxManifestBytes} bytes`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function digestIn(text: string): Digest {
  if (!isDigest(text)) {
    throw new RegistryError(400, 'DIGEST_INVALID', 'a digest is sha256: and 64 hex digits');
  }
  return text;
}

function blobHeaders(digest: Digest, size: number): Record<string, string | number> {
  return { 'Content-Type': 'application/octet-stream', 'Content-Length': size, 'Docker-Content-Digest': digest };
}

function created({ repository }: Target, digest: Digest): Answer {
  return {
    status: 201,
    headers: { Location: `/v2/${repository}/blobs/${digest}`, 'Docker-Content-Digest': digest },
  };
}

function uploadStatus(status: number, { repository }: Target, upload: Upload): Answer {
  // relative, since the node reaches us by a host and port that only it knows
  const Location = `/v2/${repository}/blobs/uploads/${upload.id}`;
  return { status, headers: { Location, Range: rangeOf(upload.bytes), 'Docker-Upload-UUID': upload.id } };
}

function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  };
}

function respond(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  // finished or broken off, the answer has left
  response.once('close', () => answer.afterwards?.());
  const length = answer.body?.length ?? 0;
  const headers = { 'Docker-Distribution-API-Version': 'registry/2.0', 'Content-Length': length, ...answer.headers };
  response.writeHead(answer.status, answer.status === 204 ? answer.headers : headers);
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

function respondError(request: IncomingMessage, response: ServerResponse, error: RegistryError): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  // a body that nobody will read ends the connection with it
  const close: Record<string, string> = hasBody && !request.complete ? { Connection: 'close' } : {};
  const errors = [{ code: error.code, message: error.message }];
  respond(request, response, json(error.status, { errors }, { ...error.headers, ...close }));
}

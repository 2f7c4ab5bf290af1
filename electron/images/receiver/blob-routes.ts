import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Digest, isDigest } from '../../../shared/image.ts';
import type { ReceiverResponse } from './http.ts';
import { parseDigest, ReceiverError } from './receiver-error.ts';
import type { RequestTarget } from './target.ts';
import { type Upload, uploadRange } from './upload.ts';

export async function headBlob(target: RequestTarget): Promise<ReceiverResponse> {
  const digest = parseDigest(target.name);
  return { status: 200, headers: blobHeaders(digest, await holdExistingBlob(target, digest)) };
}

/**
 * Sends a blob that the node itself has sent: those of other projects are in the store, too. Sends the response itself,
 * because the blob may be too large for memory.
 */
export async function sendBlob(target: RequestTarget, response: ServerResponse): Promise<void> {
  const digest = parseDigest(target.name);
  if (!target.admission.hasSent(digest)) {
    throw unknownBlobError(digest);
  }
  response.writeHead(200, blobHeaders(digest, await holdExistingBlob(target, digest)));
  // the headers are sent, so an error can only be reported by closing the connection
  await pipeline(target.blobs.read(digest), response).catch(() => response.destroy());
}

export async function startUpload(target: RequestTarget, request: IncomingMessage): Promise<ReceiverResponse> {
  const { admission, blobs, query } = target;
  const mount = query.get('mount');
  if (mount && isDigest(mount) && (await holdBlob(target, mount)) !== undefined) {
    return blobCreated(target, mount);
  }
  const digest = query.get('digest');
  if (digest === null) {
    return uploadStatus(202, target, admission.startUpload(blobs));
  }
  parseDigest(digest);
  return writeAndFinish(admission.startUpload(blobs), target, request);
}

export async function continueUpload(target: RequestTarget, request: IncomingMessage): Promise<ReceiverResponse> {
  const upload = target.admission.findUpload(target.name);
  await upload.append(request);
  return uploadStatus(202, target, upload);
}

export async function finishUpload(target: RequestTarget, request: IncomingMessage): Promise<ReceiverResponse> {
  return writeAndFinish(target.admission.findUpload(target.name), target, request);
}

export function getUploadStatus(target: RequestTarget): ReceiverResponse {
  return uploadStatus(204, target, target.admission.findUpload(target.name));
}

export async function deleteUpload(target: RequestTarget): Promise<ReceiverResponse> {
  await target.admission.findUpload(target.name).abort();
  return { status: 204 };
}

async function writeAndFinish(
  upload: Upload,
  target: RequestTarget,
  request: IncomingMessage,
): Promise<ReceiverResponse> {
  const digest = parseDigest(target.query.get('digest') ?? '');
  await upload.append(request);
  await upload.finish(digest);
  target.admission.addSent({ digest, size: upload.bytes });
  return blobCreated(target, digest);
}

/** @throws ReceiverError `BLOB_UNKNOWN` */
async function holdExistingBlob(target: RequestTarget, digest: Digest): Promise<number> {
  const size = await holdBlob(target, digest);
  if (size === undefined) {
    throw unknownBlobError(digest);
  }
  return size;
}

function unknownBlobError(digest: Digest): ReceiverError {
  return new ReceiverError(404, 'BLOB_UNKNOWN', `blob ${digest} does not exist`);
}

/**
 * The size of a blob in bytes, if it exists. The lease then holds it. Only what is in the store is held, because a node may
 * ask for any digests; it may go before it is held, so the size is read again.
 */
async function holdBlob({ admission, blobs }: RequestTarget, digest: Digest): Promise<number | undefined> {
  if ((await blobs.size(digest)) === undefined) {
    return undefined;
  }
  await admission.lease.hold(digest);
  return blobs.size(digest);
}

function blobHeaders(digest: Digest, size: number): Record<string, string | number> {
  return { 'Content-Type': 'application/octet-stream', 'Content-Length': size, 'Docker-Content-Digest': digest };
}

function blobCreated({ repository }: RequestTarget, digest: Digest): ReceiverResponse {
  return {
    status: 201,
    headers: { Location: `/v2/${repository}/blobs/${digest}`, 'Docker-Content-Digest': digest },
  };
}

function uploadStatus(status: number, { repository }: RequestTarget, upload: Upload): ReceiverResponse {
  // relative, because only the node knows the host and port by which it reaches this server
  const Location = `/v2/${repository}/blobs/uploads/${upload.id}`;
  return { status, headers: { Location, Range: uploadRange(upload.bytes), 'Docker-Upload-UUID': upload.id } };
}

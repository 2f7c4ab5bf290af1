import type { IncomingMessage } from 'node:http';
import { isDigest } from '../../../shared/image.ts';
import { addImage } from '../add-image.ts';
import { digestOf } from '../digest.ts';
import { maxManifestBytes, parseManifest, type ReceivedImage } from '../manifest.ts';
import type { OpenAdmission } from './admission.ts';
import { type ReceiverResponse, readBody } from './http.ts';
import { ReceiverError } from './receiver-error.ts';
import type { RequestTarget } from './target.ts';

export function getManifest({ admission, name }: RequestTarget): ReceiverResponse {
  const { bytes, mediaType, digest } = admission.findManifest(name);
  return { status: 200, headers: { 'Content-Type': mediaType, 'Docker-Content-Digest': digest }, body: bytes };
}

/**
 * Receives a manifest. The manifest with the tag of the admission is the image. A manifest that is pushed by its digest
 * is only stored, because the node may push an index that refers to it.
 */
export async function putManifest(target: RequestTarget, request: IncomingMessage): Promise<ReceiverResponse> {
  const { admission, blobs, repository, name } = target;
  const bytes = await readManifest(admission, request);
  const digest = digestOf(bytes);
  const declaredType = request.headers['content-type']?.split(';')[0]?.trim();
  const { mediaType } = parseManifest(bytes, declaredType);
  let image: ReceivedImage | undefined;
  if (name === admission.tag) {
    image = await addImage(blobs, admission.lease, bytes, admission.platform, mediaType);
  } else if (name === digest) {
    await admission.lease.hold(digest);
    await blobs.put(bytes);
  } else if (isDigest(name)) {
    throw new ReceiverError(400, 'DIGEST_INVALID', `the manifest is ${digest}, not ${name}`);
  } else {
    throw new ReceiverError(403, 'DENIED', `these credentials do not give access to the tag ${name}`);
  }
  admission.addManifest(name, { bytes, mediaType, digest });
  const headers = { Location: `/v2/${repository}/manifests/${digest}`, 'Docker-Content-Digest': digest };
  // the node gets its response first, because finish() may lead to the connection being closed
  return { status: 201, headers, ...(image ? { onClose: () => admission.finish(image) } : {}) };
}

async function readManifest(admission: OpenAdmission, request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of readBody(request)) {
    admission.countBytes(chunk.length);
    bytes += chunk.length;
    if (bytes > maxManifestBytes) {
      throw new ReceiverError(413, 'SIZE_INVALID', `a manifest is limited to ${maxManifestBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

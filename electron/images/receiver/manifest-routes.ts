import type { IncomingMessage } from 'node:http';
import { type Digest, isDigest } from '../../../shared/image.ts';
import { addImage } from '../add-image.ts';
import { isAttachmentManifest } from '../attachments.ts';
import { digestOf } from '../digest.ts';
import { maxManifestBytes, parseManifest } from '../manifest.ts';
import type { OpenAdmission } from './admission.ts';
import { type ReceiverResponse, readBody } from './http.ts';
import { ReceiverError } from './receiver-error.ts';
import type { RequestTarget } from './target.ts';

export async function getManifest({ admission, blobs, name }: RequestTarget): Promise<ReceiverResponse> {
  const { mediaType, digest } = admission.findManifest(name);
  const body = await blobs.readVerified(digest);
  return { status: 200, headers: { 'Content-Type': mediaType, 'Docker-Content-Digest': digest }, body };
}

/**
 * Receives a manifest. The manifest with the tag of the admission is the image, or an index of it. A manifest that is pushed by
 * its digest is only stored, because the node may push an index that refers to it, or because it describes the image. So is an
 * attachment with the tag: docker 26 with containerd's image store pushes all manifests by the tag, and the index last.
 */
export async function putManifest(target: RequestTarget, request: IncomingMessage): Promise<ReceiverResponse> {
  const { admission, blobs, repository, name } = target;
  const bytes = await readManifest(admission, request);
  const digest = digestOf(bytes);
  const declaredType = request.headers['content-type']?.split(';')[0]?.trim();
  const manifest = parseManifest(bytes, declaredType);
  const { mediaType } = manifest;
  const isTagged = name === admission.tag;
  const isImage = isTagged && !(await isAttachmentManifest(blobs, manifest));
  if (isImage) {
    const { platform, anyVariant, referrers: attachments, ended: signal } = admission;
    admission.image = await addImage(blobs, admission.lease, bytes, {
      platform,
      anyVariant,
      mediaType,
      attachments,
      signal,
    });
    await storeManifest(target, bytes, digest);
  } else if (isTagged || name === digest) {
    await storeManifest(target, bytes, digest);
  } else if (isDigest(name)) {
    throw new ReceiverError(400, 'DIGEST_INVALID', `the manifest is ${digest}, not ${name}`);
  } else {
    throw new ReceiverError(403, 'DENIED', `these credentials do not give access to the tag ${name}`);
  }
  const hasSubject = manifest.kind === 'image' && manifest.subject !== undefined;
  admission.addManifest(name, { digest, mediaType, size: bytes.length, hasSubject });
  const headers = { Location: `/v2/${repository}/manifests/${digest}`, 'Docker-Content-Digest': digest };
  // the node gets its response first, because finish() may lead to the connection being closed
  return { status: 201, headers, ...(isImage ? { onClose: () => admission.finish() } : {}) };
}

async function storeManifest({ admission, blobs }: RequestTarget, bytes: Buffer, digest: Digest): Promise<void> {
  await admission.lease.hold(digest);
  await blobs.put(bytes);
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

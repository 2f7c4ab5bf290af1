import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlobStore } from '../blob-store.ts';
import type { OpenAdmission } from './admission.ts';
import {
  continueUpload,
  deleteUpload,
  finishUpload,
  getUploadStatus,
  headBlob,
  sendBlob,
  startUpload,
} from './blob-routes.ts';
import { jsonResponse, type ReceiverResponse, sendResponse } from './http.ts';
import { getManifest, putManifest } from './manifest-routes.ts';
import { ReceiverError } from './receiver-error.ts';
import { parseTarget, type RequestTarget } from './target.ts';

/**
 * Handles an authenticated request and sends its response: the push side of the OCI distribution specification 1.1.
 * @throws ReceiverError, Failure
 */
export async function handleRequest(
  admission: OpenAdmission,
  blobs: BlobStore,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2);
  if (path === '/v2/' || path === '/v2') {
    sendResponse(request, response, jsonResponse(200, {}));
    return;
  }
  const target = parseTarget(admission, blobs, path, new URLSearchParams(query));
  if (target.kind === 'blobs' && request.method === 'GET') {
    await sendBlob(target, response);
    return;
  }
  sendResponse(request, response, await dispatch(target, request));
}

async function dispatch(target: RequestTarget, request: IncomingMessage): Promise<ReceiverResponse> {
  switch (`${request.method} ${target.kind}`) {
    case 'HEAD blobs':
      return headBlob(target);
    case 'POST uploads':
      return startUpload(target, request);
    case 'PATCH uploads':
      return continueUpload(target, request);
    case 'PUT uploads':
      return finishUpload(target, request);
    case 'GET uploads':
      return getUploadStatus(target);
    case 'DELETE uploads':
      return deleteUpload(target);
    case 'HEAD manifests':
    case 'GET manifests':
      return getManifest(target);
    case 'PUT manifests':
      return putManifest(target, request);
    default:
      throw new ReceiverError(405, 'UNSUPPORTED', `${request.method} is not supported for this path`);
  }
}

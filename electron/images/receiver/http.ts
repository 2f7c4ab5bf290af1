import type { IncomingMessage, ServerResponse } from 'node:http';
import { ReceiverError } from './receiver-error.ts';

/** A response to a request of a node. */
export interface ReceiverResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Buffer;
  /** Called when the response was sent, or when the connection was closed before. */
  readonly onClose?: () => void;
}

export function sendResponse(request: IncomingMessage, response: ServerResponse, content: ReceiverResponse): void {
  response.once('close', () => content.onClose?.());
  const length = content.body?.length ?? 0;
  const headers = { 'Docker-Distribution-API-Version': 'registry/2.0', 'Content-Length': length, ...content.headers };
  response.writeHead(content.status, content.status === 204 ? content.headers : headers);
  response.end(request.method === 'HEAD' ? undefined : content.body);
}

/** Sends an error response, or closes the connection if another response has begun. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: ReceiverError): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  // the rest of the request body is not read, so the connection cannot be used again
  const close: Record<string, string> = hasBody && !request.complete ? { Connection: 'close' } : {};
  const headers = { ...error.headers, ...close };
  // podman and docker do not read the body of a 401 and, if there is one, open another connection for the next request
  if (error.status === 401) {
    sendResponse(request, response, { status: 401, headers });
    return;
  }
  const errors = [{ code: error.code, message: error.message }];
  sendResponse(request, response, jsonResponse(error.status, { errors }, headers));
}

export function jsonResponse(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): ReceiverResponse {
  return {
    status,
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  };
}

/**
 * The body of a request in pieces. The connection stays open if the caller stops early, so that a response can be sent.
 * @throws ReceiverError `BLOB_UPLOAD_INVALID` if the connection is lost.
 */
export async function* readBody(request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      yield chunk;
    }
  } catch {
    throw new ReceiverError(400, 'BLOB_UPLOAD_INVALID', 'the connection was lost');
  }
}

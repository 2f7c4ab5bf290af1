import { type Digest, isDigest } from '../../../shared/image.ts';
import { Failure } from '../../../shared/problem.ts';

/** Error codes of the OCI distribution specification. */
type ReceiverErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNAUTHORIZED'
  | 'UNSUPPORTED';

/** The error response to a request of a node. The message must not contain secrets. */
export class ReceiverError extends Error {
  readonly status: number;
  readonly code: ReceiverErrorCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: ReceiverErrorCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'ReceiverError';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/**
 * The error response for any error. Engines repeat a request after a 5xx and stop at DENIED, so DENIED is the response
 * when a retry cannot succeed.
 */
export function receiverErrorOf(error: unknown): ReceiverError {
  if (error instanceof ReceiverError) {
    return error;
  }
  if (!(error instanceof Failure)) {
    return new ReceiverError(403, 'DENIED', 'internal error in Barnraiser');
  }
  const { code, message, detail } = error.problem;
  const messageWithDetail = detail ? `${message} ${detail}` : message;
  switch (code) {
    case 'image.corrupt':
      return new ReceiverError(400, 'MANIFEST_INVALID', messageWithDetail);
    case 'image.platform':
      return new ReceiverError(400, 'MANIFEST_INVALID', message);
    case 'image.incomplete':
      return new ReceiverError(400, 'MANIFEST_BLOB_UNKNOWN', messageWithDetail);
    case 'image.too-large':
      return new ReceiverError(413, 'SIZE_INVALID', message);
    default:
      return new ReceiverError(403, 'DENIED', message);
  }
}

/** @throws ReceiverError `DIGEST_INVALID` */
export function parseDigest(text: string): Digest {
  if (!isDigest(text)) {
    throw new ReceiverError(400, 'DIGEST_INVALID', 'a digest must be "sha256:" and 64 hexadecimal digits');
  }
  return text;
}

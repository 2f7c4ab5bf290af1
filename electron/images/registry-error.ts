import { Failure } from '../../shared/problem.ts';

/** Error codes of the OCI distribution specification. */
export type RegistryErrorCode =
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

/** What a node is answered when its request cannot be met. The message must not hold anything secret. */
export class RegistryError extends Error {
  readonly status: number;
  readonly code: RegistryErrorCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: RegistryErrorCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'RegistryError';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/**
 * How a node is told of any error. Engines try again after a 5xx, and stop at once at DENIED: that is what they get when
 * trying again is of no use.
 */
export function registryErrorOf(error: unknown): RegistryError {
  if (error instanceof RegistryError) {
    return error;
  }
  if (!(error instanceof Failure)) {
    return new RegistryError(403, 'DENIED', 'something went wrong inside Barnraiser');
  }
  const { code, message, detail } = error.problem;
  const text = detail ? `${message} ${detail}` : message;
  switch (code) {
    case 'image.corrupt':
      return new RegistryError(400, 'MANIFEST_INVALID', text);
    case 'image.platform':
      return new RegistryError(400, 'MANIFEST_INVALID', message);
    case 'image.incomplete':
      return new RegistryError(400, 'MANIFEST_BLOB_UNKNOWN', text);
    case 'image.too-large':
      return new RegistryError(413, 'SIZE_INVALID', message);
    default:
      return new RegistryError(403, 'DENIED', message);
  }
}

import { readFile } from 'node:fs/promises';
import { sanitizeLine } from '../../../shared/untrusted-text.ts';
import { keyTypeOf } from '../public-key.ts';
import { readPublicKey } from './key-file.ts';
import { WireReader, wireString } from './wire.ts';

/** A certificate of OpenSSH: an authority vouches for a user's key. */
export interface Certificate {
  /** For messages, such as "the certificate ~/.ssh/id_ed25519-cert.pub". */
  readonly label: string;
  /** In wire format. */
  readonly blob: Buffer;
  /** The key that it certifies, in wire format. */
  readonly publicKey: Buffer;
  /** The algorithm of a sign-in with it. */
  readonly algorithm: string;
  /** The hash that the algorithm needs. Only for RSA keys. */
  readonly hash?: string;
  readonly isForUsers: boolean;
  /** The names that it is valid for: usually of users. None means all. */
  readonly principals: readonly string[];
  /** In seconds since 1970. */
  readonly validAfter: bigint;
  readonly validBefore: bigint;
}

const suffix = '-cert-v01@openssh.com';

/**
 * How many fields of a key follow the nonce, by the key's type. Source: OpenSSH, PROTOCOL.certkeys and PROTOCOL.u2f.
 */
const keyFields: Readonly<Record<string, number>> = {
  'ssh-ed25519': 1,
  'ssh-rsa': 2,
  'ecdsa-sha2-nistp256': 2,
  'ecdsa-sha2-nistp384': 2,
  'ecdsa-sha2-nistp521': 2,
  'sk-ssh-ed25519@openssh.com': 2,
  'sk-ecdsa-sha2-nistp256@openssh.com': 3,
};

/** Servers that accept RSA certificates with SHA-1 alone are from before 2018. */
const rsaAlgorithm = `rsa-sha2-512${suffix}`;

/** Whether a public key in wire format is a certificate. */
export function isCertificate(blob: Buffer): boolean {
  return keyTypeOf(blob).endsWith(suffix);
}

/** @throws Error where the bytes are not a certificate of a key type that is known here */
export function parseCertificate(blob: Buffer, label: string): Certificate {
  const reader = new WireReader(blob);
  const certificateType = reader.text();
  // the types of security keys have a suffix of their own
  const plainType = certificateType.endsWith(suffix) ? certificateType.slice(0, -suffix.length) : '';
  const keyType = plainType.startsWith('sk-') ? `${plainType}@openssh.com` : plainType;
  const fieldCount = Object.hasOwn(keyFields, keyType) ? keyFields[keyType] : undefined;
  if (fieldCount === undefined) {
    throw new Error(`${sanitizeLine(certificateType)} is not a type of certificate that is known here.`);
  }
  reader.string();
  const fields = Array.from({ length: fieldCount }, () => wireString(reader.string()));
  reader.uint64();
  const kind = reader.uint32();
  reader.string();
  const names = new WireReader(reader.string());
  const principals: string[] = [];
  while (names.rest().length > 0) {
    principals.push(sanitizeLine(names.text()));
  }
  const [validAfter, validBefore] = [reader.uint64(), reader.uint64()];
  return {
    label,
    blob,
    publicKey: Buffer.concat([wireString(keyType), ...fields]),
    ...(keyType === 'ssh-rsa' ? { algorithm: rsaAlgorithm, hash: 'sha512' } : { algorithm: certificateType }),
    isForUsers: kind === 1,
    principals,
    validAfter,
    validBefore,
  };
}

/** The certificate in a file. Undefined where the file is missing or is not a certificate. */
export async function readCertificate(path: string): Promise<Certificate | undefined> {
  try {
    return parseCertificate(readPublicKey(await readFile(path, 'latin1')), `the certificate ${path}`);
  } catch {
    return undefined;
  }
}

/** Why no server accepts a certificate, as a sentence. Undefined where one may. */
export function uselessCertificate(certificate: Certificate, now: Date = new Date()): string | undefined {
  const { label, isForUsers, validAfter, validBefore } = certificate;
  const seconds = BigInt(Math.floor(now.getTime() / 1000));
  const subject = `${label.charAt(0).toUpperCase()}${label.slice(1)}`;
  if (!isForUsers) {
    return `${subject} is for hosts, not for users.`;
  }
  if (seconds < validAfter) {
    return `${subject} is not valid before ${formatTime(validAfter)}.`;
  }
  return seconds >= validBefore ? `${subject} expired at ${formatTime(validBefore)}.` : undefined;
}

/** Why a server may have refused a certificate, as a sentence. It may map the names to other users. */
export function wrongPrincipal({ label, principals }: Certificate, user: string): string | undefined {
  return principals.length === 0 || principals.includes(user)
    ? undefined
    : `${label.charAt(0).toUpperCase()}${label.slice(1)} is for ${principals.slice(0, 5).join(', ')}, not for ${user}.`;
}

/** @param seconds since 1970; up to 2^64, which dates do not reach. */
function formatTime(seconds: bigint): string {
  const latest = 8_640_000_000_000n;
  return `${new Date(Number(seconds < latest ? seconds : latest) * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

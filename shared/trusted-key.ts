import { z } from 'zod';

/** A public key whose signatures are trusted. */
export const trustedKeySchema = z.object({
  name: z.string().min(1).max(100),
  /** In PEM. */
  publicKey: z.string().max(64 * 1024),
  /** The SHA-256 of the key, in hexadecimal digits. */
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  /** As in "ECDSA P-256". */
  kind: z.string().max(100),
  addedAt: z.string(),
});
export type TrustedKey = Readonly<z.infer<typeof trustedKeySchema>>;

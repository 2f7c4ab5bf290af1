import { z } from 'zod';
import { digestSchema } from './image.ts';
import { platformSchema } from './platform.ts';

/**
 * What a key says of a signature. `valid`: it was made with the key for this image. `other-key`: by another key. `changed`: the key made it,
 * but what it signed has been changed since. `other-image`: the key made it for another image. `unreadable`: it is not a signature.
 */
export const verdictSchema = z.enum(['valid', 'other-key', 'changed', 'other-image', 'unreadable']);
export type Verdict = z.infer<typeof verdictSchema>;

export const signatureSchema = z.object({
  /** Of the payload that is signed. */
  digest: digestSchema,
  /** Without a key to compare it with, there is none. */
  verdict: verdictSchema.optional(),
  /** The name of the trusted key that made it. */
  signer: z.string().optional(),
  /** The name of the image that the signature is for. */
  identity: z.string().optional(),
  /** The SHA-256 of the public key, as the signature itself says. */
  key: z.string().optional(),
  creator: z.string().optional(),
  /** ISO 8601. */
  createdAt: z.string().optional(),
});
export type Signature = Readonly<z.infer<typeof signatureSchema>>;

/** The signatures of a manifest list, or of one of its images. */
export const signedSchema = z.object({
  digest: digestSchema,
  /** Missing for the list. */
  platform: platformSchema.optional(),
  signatures: z.array(signatureSchema),
});
export type Signed = Readonly<z.infer<typeof signedSchema>>;

export function isVerified({ signatures }: Pick<Signed, 'signatures'>): boolean {
  return signatures.some(({ verdict }) => verdict === 'valid');
}

/** Whether the name in a signature is that of an image: its repository, with or without its tag. */
export function isNameOf(identity: string, reference: string): boolean {
  const bare = reference.replace(/^docker:\/\//, '').replace(/@.*$/, '');
  const repository = bare.replace(/:[^/:]*$/, '');
  return [bare, repository].includes(identity.replace(/@.*$/, ''));
}

/** @texts */
export const verdictTexts: Readonly<Record<Verdict, string>> = {
  valid: 'valid',
  'other-key': 'signed with another key',
  changed: 'changed since it was signed',
  'other-image': 'for another image',
  unreadable: 'cannot be read',
};

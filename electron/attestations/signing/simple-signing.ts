/** Signatures of images in the format of cosign. Source: cosign, specs/SIGNATURE_SPEC.md. */
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { type Digest, digestSchema } from '../../../shared/image.ts';
import type { Signature, Verdict } from '../../../shared/signature.ts';
import { keyAnnotation } from '../../images/tagged-manifest.ts';
import { fieldText, withoutMissing } from '../packages/package.ts';
import { fingerprintOf, isSignedBy, signBytes } from './keys.ts';

export const payloadType = 'application/vnd.dev.cosign.simplesigning.v1+json';
export const signatureAnnotation = 'dev.cosignproject.cosign/signature';
const payloadKind = 'cosign container image signature';

/** A signature as a layer of the manifest that lists those of an image. */
export interface SignatureLayer {
  readonly payload: Buffer;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface SignedImage {
  readonly digest: Digest;
  /** The name of the image: registry and repository. */
  readonly identity: string;
}

const payloadSchema = z.object({
  critical: z.object({
    identity: z.object({ 'docker-reference': z.string() }),
    image: z.object({ 'docker-manifest-digest': digestSchema }),
    type: z.string(),
  }),
  optional: z
    .looseObject({ creator: z.string().optional(), timestamp: z.number().optional() })
    .nullish()
    .catch(undefined),
});

/** The tag of a registry that lists the signatures of a manifest, or the attestations that are signed. */
export function signatureTag(digest: Digest, suffix: 'sig' | 'att' = 'sig'): string {
  return `${digest.replace(':', '-')}.${suffix}`;
}

export function signImage(
  { digest, identity }: SignedImage,
  key: KeyObject,
  { creator, at }: { readonly creator: string; readonly at: Date },
): SignatureLayer {
  const payload = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': identity },
        image: { 'docker-manifest-digest': digest },
        type: payloadKind,
      },
      optional: { creator, timestamp: Math.floor(at.getTime() / 1000) },
    }),
  );
  return {
    payload,
    annotations: {
      [signatureAnnotation]: signBytes(payload, key).toString('base64'),
      [keyAnnotation]: fingerprintOf(key),
    },
  };
}

/** A key that signatures are compared with, and how people call it. */
export interface VerifyingKey {
  readonly key: KeyObject;
  readonly name?: string;
}

/** The verdict of several keys is the first of these that one of them has. */
const verdictOrder: readonly Verdict[] = ['valid', 'other-image', 'changed', 'unreadable', 'other-key'];

/**
 * What a signature says, and what keys say of it.
 * @param payload undefined if its bytes are missing or have another digest
 */
export function examineSignature(
  image: Digest,
  layer: { readonly digest: Digest; readonly annotations?: Readonly<Record<string, string>> | undefined },
  payload: Buffer | undefined,
  keys: readonly VerifyingKey[],
): Signature {
  const { annotations = {}, digest } = layer;
  const parsed = payloadSchema.safeParse(parseJson(payload));
  // it tells a changed payload from the signature of another key
  const made = annotations[keyAnnotation];
  const facts = parsed.success ? parsed.data : undefined;
  const seconds = facts?.optional?.timestamp;
  const [first] = keys
    .map(({ key, name }) => ({
      name,
      verdict: verdictOf({ image, annotations, payload, key, signed: facts?.critical }),
    }))
    .sort((one, other) => verdictOrder.indexOf(one.verdict) - verdictOrder.indexOf(other.verdict));
  return withoutMissing({
    digest,
    verdict: first?.verdict,
    signer: first?.verdict === 'other-key' || first?.verdict === 'unreadable' ? undefined : first?.name,
    identity: fieldText(facts?.critical.identity['docker-reference']),
    key: made !== undefined && /^[0-9a-f]{64}$/.test(made) ? made : undefined,
    creator: fieldText(facts?.optional?.creator),
    createdAt: seconds !== undefined && Math.abs(seconds) < 1e11 ? new Date(seconds * 1000).toISOString() : undefined,
  });
}

function verdictOf({
  image,
  annotations,
  payload,
  key,
  signed,
}: {
  readonly image: Digest;
  readonly annotations: Readonly<Record<string, string>>;
  readonly payload: Buffer | undefined;
  readonly key: KeyObject;
  readonly signed: z.infer<typeof payloadSchema>['critical'] | undefined;
}): Verdict {
  const text = annotations[signatureAnnotation];
  if (!text) {
    return 'unreadable';
  }
  if (!payload) {
    return 'changed';
  }
  if (!isSignedBy(payload, Buffer.from(text, 'base64'), key)) {
    return annotations[keyAnnotation] === fingerprintOf(key) ? 'changed' : 'other-key';
  }
  if (signed?.type !== payloadKind) {
    return 'unreadable';
  }
  return signed.image['docker-manifest-digest'] === image ? 'valid' : 'other-image';
}

function parseJson(bytes: Buffer | undefined): unknown {
  try {
    return bytes && JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

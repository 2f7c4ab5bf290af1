import type { KeyObject } from 'node:crypto';
import { isVerified, type Signature, type Signed } from '../../../shared/signature.ts';
import { keyAnnotation } from '../../images/tagged-manifest.ts';
import { envelopeType, signStatement } from './dsse.ts';
import { fingerprintOf } from './keys.ts';
import type { SignatureHome, SignedManifest } from './signature-home.ts';
import { examineSignature, payloadType, signatureAnnotation, signImage, type VerifyingKey } from './simple-signing.ts';

export interface SignOptions {
  readonly key: KeyObject;
  /** The name of the image in the signature. */
  readonly identity: string;
  /** Also the images of the list. */
  readonly recursive: boolean;
  /** Also the statements about them. */
  readonly attestations: boolean;
  /** What has a signature of the key already gets no second one. */
  readonly onlyMissing?: boolean;
  /** What signs: the name and version of Barnraiser. */
  readonly creator: string;
  readonly at: Date;
  readonly signal: AbortSignal;
}

/** Signs a list, and its images if asked for. @returns the signatures of what was signed */
export async function signAll(
  home: SignatureHome,
  { key, identity, recursive, attestations, onlyMissing, creator, at, signal }: SignOptions,
): Promise<Signed[]> {
  const signed = recursive ? home.manifests : home.manifests.slice(0, 1);
  for (const { digest } of signed) {
    signal.throwIfAborted();
    if (onlyMissing && (await readSignatures(home, [{ digest }], [{ key }])).every(isVerified)) {
      continue;
    }
    const { payload, annotations } = signImage({ digest, identity }, key, { creator, at });
    await home.add(digest, 'sig', [{ mediaType: payloadType, content: payload, annotations }]);
  }
  for (const { digest } of attestations ? home.manifests : []) {
    signal.throwIfAborted();
    const statements = await home.statementsOf(digest);
    if (statements.length > 0) {
      await home.add(
        digest,
        'att',
        statements.map(({ bytes, predicateType }) => ({
          mediaType: envelopeType,
          content: signStatement(bytes, key),
          annotations: { [signatureAnnotation]: '', predicateType, [keyAnnotation]: fingerprintOf(key) },
        })),
      );
    }
  }
  return readSignatures(home, signed, [{ key }]);
}

/** The signatures of lists and images, compared with keys if there are any. */
export async function readSignatures(
  home: SignatureHome,
  manifests: readonly SignedManifest[],
  keys: readonly VerifyingKey[],
): Promise<Signed[]> {
  const all: Signed[] = [];
  for (const manifest of manifests) {
    const signatures: Signature[] = [];
    for (const layer of await home.layersOf(manifest.digest, 'sig')) {
      if (layer.mediaType === payloadType) {
        signatures.push(examineSignature(manifest.digest, layer, await home.payload(layer), keys));
      }
    }
    all.push({ ...manifest, signatures });
  }
  return all;
}

/** Statements about images (in-toto), and the manifests that attach them. Source: in-toto Statement v1; BuildKit, "Image Attestation Storage". */
import type { Digest } from '../../shared/image.ts';
import { digestOf } from '../images/digest.ts';
import { type Descriptor, mediaTypes, type RawManifest } from '../images/manifest.ts';

export const statementMediaType = 'application/vnd.in-toto+json';
export const predicateAnnotation = 'in-toto.io/predicate-type';
export const provenanceType = 'https://slsa.dev/provenance/v1';
export const spdxType = 'https://spdx.dev/Document';

export interface Statement {
  readonly predicateType: string;
  readonly predicate: object;
}

/** @param subject what the statement is about: its package URL, and the digest of its manifest */
export function statementBytes(
  { predicateType, predicate }: Statement,
  subject: { name: string; digest: Digest },
): Buffer {
  return Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: subject.name, digest: { sha256: subject.digest.slice('sha256:'.length) } }],
      predicateType,
      predicate,
    }),
  );
}

const emptyConfig = Buffer.from('{}');

/**
 * The manifest that attaches statements to an image. It is an artifact that names its subject, so that registries list it as a
 * referrer, and has what BuildKit's attestations have, so that it can be an entry of a list, too.
 */
export function attestationManifest(
  subject: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>,
  statements: readonly { readonly predicateType: string; readonly bytes: Buffer }[],
): { readonly manifest: RawManifest; readonly parts: readonly Buffer[] } {
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: 'application/vnd.docker.attestation.manifest.v1+json',
      config: {
        mediaType: 'application/vnd.oci.empty.v1+json',
        digest: digestOf(emptyConfig),
        size: emptyConfig.length,
        data: emptyConfig.toString('base64'),
      },
      layers: statements.map(({ predicateType, bytes: content }) => ({
        mediaType: statementMediaType,
        digest: digestOf(content),
        size: content.length,
        annotations: { [predicateAnnotation]: predicateType },
      })),
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    }),
  );
  return {
    manifest: { bytes, digest: digestOf(bytes), mediaType: mediaTypes.ociManifest },
    parts: [emptyConfig, ...statements.map((each) => each.bytes)],
  };
}

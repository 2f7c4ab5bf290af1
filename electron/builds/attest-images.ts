import type { Build } from '../../shared/build.ts';
import { type AttestationType, attestationsOf } from '../../shared/builder-attestation.ts';
import { formatReference, parseReference } from '../../shared/image.ts';
import {
  attestationManifest,
  predicateAnnotation,
  provenanceType,
  type Statement,
  spdxType,
  statementBytes,
} from '../attestations/statement.ts';
import { attestationEntry } from '../images/attachments.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import type { Descriptor, ReceivedImage } from '../images/manifest.ts';
import { readStoredManifest } from '../images/stored-manifest.ts';
import type { GitFacts } from '../projects/git-facts.ts';
import type { PreparedBuild } from './prepare-build.ts';
import { provenanceOf } from './provenance.ts';

export interface AttestInput {
  readonly build: Build;
  readonly prepared: PreparedBuild;
  readonly git: GitFacts | undefined;
  readonly store: ImageStore;
  readonly lease: Lease;
  readonly signal: AbortSignal;
}

export interface AttestedImages {
  /** With the attestations that are entries of the list. */
  readonly images: readonly ReceivedImage[];
  /** The attestations beside the list. */
  readonly attached: readonly Descriptor[];
}

/**
 * Makes the provenance and the SBOM of the images of a build, as its request asks for. The lease holds them.
 * @throws Failure `image.*`, `disk.full`; the reason of the signal
 */
export async function attestImages(images: readonly ReceivedImage[], input: AttestInput): Promise<AttestedImages> {
  const { provenance, sbom, attest, attestInList } = input.prepared.request;
  if (!provenance && !sbom && attestationsOf(attest).length === 0) {
    return { images, attached: [] };
  }
  const { store, lease, signal } = input;
  const attached: Descriptor[] = [];
  const attested: ReceivedImage[] = [];
  for (const image of images) {
    signal.throwIfAborted();
    const { digest, mediaType, manifestSize: size } = image;
    const made = await statementsOf(image, input);
    if (made.length === 0) {
      attested.push(image);
      continue;
    }
    const statements = made.map((statement) => ({
      predicateType: statement.predicateType,
      bytes: statementBytes(statement, { name: subjectName(input.build.reference, image), digest }),
    }));
    const { manifest, parts } = attestationManifest({ mediaType, digest, size }, statements);
    const subject = { subject: digest, role: 'attestations' } as const;
    const beside = await store.putAttached(manifest, parts, subject, lease);
    attested.push(
      attestInList ? { ...image, attachments: [...image.attachments, attestationEntry(manifest, digest)] } : image,
    );
    attached.push(...(attestInList ? [] : [beside]));
  }
  return { images: attested, attached };
}

async function statementsOf(image: ReceivedImage, input: AttestInput): Promise<Statement[]> {
  const { build, prepared, git, store, signal } = input;
  const own = await attestedByBuilder(image, input);
  const isMissing = (type: AttestationType): boolean =>
    attestationsOf(prepared.request.attest).some((each) => each.type === type) && !own.has(type);
  const provenance = prepared.request.provenance || isMissing('provenance');
  const sbom = prepared.request.sbom || isMissing('sbom');
  const job = build.jobs.find(({ platform }) => platform === image.platform);
  const statements: Statement[] = [];
  if (provenance && job) {
    statements.push({ predicateType: provenanceType, predicate: provenanceOf({ build, job, prepared, git }) });
  }
  if (sbom) {
    const { makeSbom } = await import('../attestations/sbom/sbom.ts');
    const epoch = prepared.request.sourceDateEpoch ?? prepared.request.timestamp;
    const { document } = await makeSbom(store.blobs, build.reference, image, 'spdx-json', { epoch, signal });
    statements.push({ predicateType: spdxType, predicate: document });
  }
  return statements;
}

/** The attestations that came with an image from its builder. */
async function attestedByBuilder(
  { attachments }: ReceivedImage,
  { prepared, store }: AttestInput,
): Promise<ReadonlySet<AttestationType>> {
  const types = new Set<AttestationType>();
  for (const attachment of (prepared.request.attest ?? []).length > 0 ? attachments : []) {
    const { layers } = await readStoredManifest(store.blobs, attachment);
    for (const { annotations } of layers) {
      const predicate = annotations?.[predicateAnnotation] ?? '';
      if (predicate.startsWith('https://slsa.dev/provenance/')) {
        types.add('provenance');
      } else if (predicate.startsWith(spdxType)) {
        types.add('sbom');
      }
    }
  }
  return types;
}

function subjectName(text: string, { platform }: ReceivedImage): string {
  const reference = parseReference(text);
  const name = typeof reference === 'string' ? text : formatReference(reference);
  const colon = name.lastIndexOf(':');
  return `pkg:docker/${name.slice(0, colon)}@${name.slice(colon + 1)}?platform=${encodeURIComponent(platform)}`;
}

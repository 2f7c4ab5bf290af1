import type { Build } from '../../shared/build.ts';
import { formatReference, parseReference } from '../../shared/image.ts';
import {
  attestationManifest,
  provenanceType,
  type Statement,
  spdxType,
  statementBytes,
} from '../attestations/statement.ts';
import { attestationEntry } from '../images/attachments.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import type { Descriptor, ReceivedImage } from '../images/manifest.ts';
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
  const { provenance, sbom, attestInList } = input.prepared.request;
  if (!provenance && !sbom) {
    return { images, attached: [] };
  }
  const { store, lease, signal } = input;
  const attached: Descriptor[] = [];
  const attested: ReceivedImage[] = [];
  for (const image of images) {
    signal.throwIfAborted();
    const { digest, mediaType, manifestSize: size } = image;
    const statements = (await statementsOf(image, input)).map((statement) => ({
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
  const { provenance, sbom } = prepared.request;
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

function subjectName(text: string, { platform }: ReceivedImage): string {
  const reference = parseReference(text);
  const name = typeof reference === 'string' ? text : formatReference(reference);
  const colon = name.lastIndexOf(':');
  return `pkg:docker/${name.slice(0, colon)}@${name.slice(colon + 1)}?platform=${encodeURIComponent(platform)}`;
}

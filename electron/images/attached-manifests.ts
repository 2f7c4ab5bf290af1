/**
 * Manifests that describe a list or an image without being entries of a list: attestations and signatures. The layout's index lists
 * them without a name, each with the digest of what it describes, and as long as that is there.
 */
import { type Digest, isDigest } from '../../shared/image.ts';
import type { BlobStore } from './blob-store.ts';
import { findReachableDigests } from './garbage-collection.ts';
import type { LayoutIndex } from './layout-index.ts';
import type { Descriptor } from './manifest.ts';
import { readStoredManifest, type StoredManifest } from './stored-manifest.ts';

const subjectAnnotation = 'barnraiser.subject';
const roleAnnotation = 'barnraiser.role';
const tagAnnotation = 'barnraiser.tag';

/** `attestations`: an artifact with statements. `signatures`, `signed-attestations`: what cosign finds by its tag. */
export type AttachedRole = 'attestations' | 'signatures' | 'signed-attestations';

export interface Attachable {
  /** The digest of the list or image that it describes. */
  readonly subject: Digest;
  readonly role: AttachedRole;
  /** The tag by which programs find it in a registry. Without one: as a referrer of its subject. */
  readonly tag?: string | undefined;
}

export interface AttachedManifest extends StoredManifest {
  readonly attached: Attachable;
}

/** @param manifest its blobs are in the store, or leased */
export function attachedDescriptor(
  manifest: Pick<Descriptor, 'mediaType' | 'digest' | 'size' | 'artifactType'>,
  { subject, role, tag }: Attachable,
): Descriptor {
  const annotations = {
    [subjectAnnotation]: subject,
    [roleAnnotation]: role,
    ...(tag === undefined ? {} : { [tagAnnotation]: tag }),
  };
  return { ...manifest, annotations };
}

export function isAttached({ annotations }: Descriptor): boolean {
  return annotations?.[subjectAnnotation] !== undefined;
}

/** The index without all of them: they must not keep what they describe. */
export function withoutAttached(index: LayoutIndex): LayoutIndex {
  return { ...index, manifests: index.manifests.filter((entry) => !isAttached(entry)) };
}

/** The index with these. Each replaces that of the same role for the same subject. */
export function withAttached(index: LayoutIndex, attached: readonly Descriptor[]): LayoutIndex {
  const keyOf = ({ annotations }: Descriptor): string =>
    `${annotations?.[subjectAnnotation]} ${annotations?.[roleAnnotation]}`;
  const replaced = new Set(attached.map(keyOf));
  const others = index.manifests.filter((entry) => !isAttached(entry) || !replaced.has(keyOf(entry)));
  return { ...index, manifests: [...others, ...attached] };
}

/** The index without those that describe what is no longer there. All stay if a manifest is damaged. */
export async function withoutOrphans(blobs: BlobStore, index: LayoutIndex): Promise<LayoutIndex> {
  if (!index.manifests.some(isAttached)) {
    return index;
  }
  const reachable = await findReachableDigests(blobs, withoutAttached(index));
  if (!reachable) {
    return index;
  }
  const manifests = index.manifests.filter((entry) => {
    const subject = entry.annotations?.[subjectAnnotation] ?? '';
    return !isAttached(entry) || (isDigest(subject) && reachable.has(subject));
  });
  return { ...index, manifests };
}

/** What an index lists of these subjects. What cannot be read is left out. */
export async function readAttached(
  blobs: BlobStore,
  { manifests }: LayoutIndex,
  subjects: ReadonlySet<Digest>,
): Promise<AttachedManifest[]> {
  const found: AttachedManifest[] = [];
  for (const entry of manifests) {
    const {
      [subjectAnnotation]: subject = '',
      [roleAnnotation]: role = '',
      [tagAnnotation]: tag,
    } = entry.annotations ?? {};
    if (isDigest(subject) && subjects.has(subject) && isRole(role)) {
      const stored = await readStoredManifest(blobs, entry).catch(() => undefined);
      found.push(...(stored ? [{ ...stored, attached: { subject, role, tag } }] : []));
    }
  }
  return found;
}

function isRole(text: string): text is AttachedRole {
  return ['attestations', 'signatures', 'signed-attestations'].includes(text);
}

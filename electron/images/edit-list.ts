/** Changes of manifest lists: entries that are merged, removed and annotated. Everything else in a list stays as it is. */
import type { Digest } from '../../shared/image.ts';
import { type Platform, platformOf } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { describesOf, isAttachment } from './attachments.ts';
import { digestOf } from './digest.ts';
import { type Descriptor, maxManifestBytes, mediaTypes, parseManifest, type RawManifest } from './manifest.ts';

/** Which entries a change is for: those of a platform, or the one with a digest. */
export type EntryTarget = Platform | Digest;

export interface ListAnnotation {
  /** Undefined: the list itself. */
  readonly target?: EntryTarget | undefined;
  /** An empty value removes the annotation. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Fields of the platform of the entry. Empty ones are removed. */
  readonly osVersion?: string | undefined;
  readonly osFeatures?: readonly string[] | undefined;
  readonly variant?: string | undefined;
}

/** The entries of a list. @throws Failure `image.corrupt`, also for a single image */
export function entriesOf(list: Pick<RawManifest, 'bytes' | 'mediaType'>): readonly Descriptor[] {
  const parsed = parseManifest(list.bytes, list.mediaType);
  if (parsed.kind === 'index') {
    return parsed.manifests;
  }
  throw fail('image.corrupt', 'This is a single image, not a list of images.', 'Name a list.');
}

/** The images of an entry's platform, for people and for comparisons. Undefined for attachments and unknown platforms. */
export function entryPlatform(entry: Descriptor): Platform | undefined {
  return entry.platform && !isAttachment(entry)
    ? platformOf({ ...entry.platform, variant: entry.platform.variant ?? '' })
    : undefined;
}

/**
 * Adds entries to a list. An image replaces those of its platform, and what describes them; all others stay where they are.
 * @param added images and their attachments
 */
export function mergeEntries(list: RawManifest, added: readonly Descriptor[]): RawManifest {
  const old = entriesOf(list);
  const images = added.filter((entry) => !isAttachment(entry));
  const attachments = added.filter(isAttachment);
  const replaced = new Set(
    old.filter((entry) => images.some((image) => isSamePlatform(entry, image))).map(({ digest }) => digest),
  );
  const waiting = [...images];
  const merged = old.flatMap((entry) => {
    const describes = describesOf(entry);
    if (describes !== undefined && replaced.has(describes)) {
      return [];
    }
    const at = waiting.findIndex((image) => isSamePlatform(entry, image));
    return at >= 0 ? waiting.splice(at, 1) : images.some((image) => isSamePlatform(entry, image)) ? [] : [entry];
  });
  const oldAttachments = merged.filter(isAttachment);
  return withEntries(
    list,
    distinct([...merged.filter((entry) => !isAttachment(entry)), ...waiting, ...oldAttachments, ...attachments]),
  );
}

/** Removes entries with what describes them. @throws Failure `image.platform` if there are none, or no image would stay */
export function removeEntries(list: RawManifest, target: EntryTarget, name: string): RawManifest {
  const entries = entriesOf(list);
  const removed = findEntries(entries, target, name);
  const digests = new Set(removed.map(({ digest }) => digest));
  const rest = entries.filter((entry) => {
    const described = describesOf(entry);
    return !removed.includes(entry) && !(described !== undefined && digests.has(described));
  });
  if (!rest.some((entry) => !isAttachment(entry))) {
    throw fail(
      'image.platform',
      `${name} has no other image: without it, the list would be empty.`,
      'Delete the whole list instead.',
    );
  }
  return withEntries(list, rest);
}

/** @throws Failure `image.platform` if there is no such entry, or two entries would be for the same platform */
export function annotateList(list: RawManifest, annotation: ListAnnotation, name: string): RawManifest {
  const { target, annotations = {} } = annotation;
  if (target === undefined) {
    return withFields(list, { annotations: changed(documentOf(list).annotations, annotations) });
  }
  const old = entriesOf(list);
  const chosen = findEntries(old, target, name);
  const entries = old.map((entry) => (chosen.includes(entry) ? annotatedEntry(entry, annotation) : entry));
  const images = entries.filter((entry) => entry.platform && !isAttachment(entry));
  const twin = images.find((entry, index) => images.findIndex((other) => isSamePlatform(entry, other)) < index);
  if (twin) {
    throw fail(
      'image.platform',
      `${name} would have two images for ${entryPlatform(twin) ?? 'one platform'}.`,
      'Remove one of them first.',
    );
  }
  return withEntries(list, entries);
}

function annotatedEntry(
  entry: Descriptor,
  { annotations = {}, osVersion, osFeatures, variant }: ListAnnotation,
): Descriptor {
  const { platform, annotations: old, ...rest } = entry;
  const fields = {
    ...(osVersion === undefined ? {} : { 'os.version': osVersion || undefined }),
    ...(osFeatures === undefined ? {} : { 'os.features': osFeatures.length > 0 ? osFeatures : undefined }),
    ...(variant === undefined ? {} : { variant: variant || undefined }),
  };
  const all = changed(old, annotations);
  return {
    ...rest,
    ...(platform ? { platform: { ...platform, ...fields } } : {}),
    ...(all ? { annotations: all } : {}),
  };
}

/** Undefined if none are left. */
function changed(
  old: unknown,
  changes: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> | undefined {
  const all = { ...(typeof old === 'object' ? (old as Record<string, string>) : {}), ...changes };
  const kept = Object.entries(all).filter(([, value]) => value !== '');
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** @throws Failure `image.platform` */
function findEntries(entries: readonly Descriptor[], target: EntryTarget, name: string): readonly Descriptor[] {
  const found = entries.filter((entry) => entry.digest === target || entryPlatform(entry) === target);
  if (found.length === 0) {
    const platforms = entries.flatMap((entry) => entryPlatform(entry) ?? []);
    throw fail(
      'image.platform',
      `${name} has no image ${target.startsWith('sha256:') ? target : `for ${target}`}.`,
      `It has images for: ${sanitizeLine([...new Set(platforms)].join(', ') || 'none', 1_000)}.`,
    );
  }
  return found;
}

/** Windows images differ in the version of the system, too. */
function isSamePlatform(one: Descriptor, other: Descriptor): boolean {
  const keyOf = (entry: Descriptor): string | undefined => {
    const platform = entryPlatform(entry);
    return platform && JSON.stringify([platform, entry.platform?.['os.version'], entry.platform?.['os.features']]);
  };
  const key = keyOf(one);
  return key !== undefined && key === keyOf(other);
}

function distinct(entries: readonly Descriptor[]): Descriptor[] {
  return [...new Map(entries.map((entry) => [JSON.stringify(entry), entry])).values()];
}

/** A list with other entries. Docker's format has no annotations and only images of its own, so that its list becomes one of OCI. */
export function withEntries(list: RawManifest, manifests: readonly Descriptor[]): RawManifest {
  return withFields(list, { manifests });
}

function withFields(list: RawManifest, fields: Readonly<Record<string, unknown>>): RawManifest {
  const document = { ...documentOf(list), schemaVersion: 2, mediaType: list.mediaType, ...fields };
  const entries: readonly Descriptor[] =
    fields.manifests === undefined ? entriesOf(list) : (fields.manifests as Descriptor[]);
  const isDocker =
    list.mediaType === mediaTypes.dockerList &&
    entries.every(({ mediaType, annotations }) => mediaType === mediaTypes.dockerManifest && !annotations) &&
    (document as Record<string, unknown>).annotations === undefined;
  const mediaType = isDocker ? mediaTypes.dockerList : mediaTypes.ociIndex;
  const bytes = Buffer.from(JSON.stringify({ ...document, mediaType }));
  if (bytes.length > maxManifestBytes) {
    throw fail(
      'image.too-large',
      `The list would have ${bytes.length} bytes, and registries accept ${maxManifestBytes}.`,
      'Remove entries or annotations first.',
    );
  }
  return { bytes, digest: digestOf(bytes), mediaType };
}

function documentOf({ bytes }: RawManifest): Readonly<Record<string, unknown>> {
  const document: unknown = JSON.parse(bytes.toString('utf8'));
  return typeof document === 'object' && document !== null ? { ...document } : {};
}

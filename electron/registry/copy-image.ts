import { Readable } from 'node:stream';
import type { Digest } from '../../shared/image.ts';
import {
  formatImageLocation,
  formatRegistryImage,
  type ImageLocation,
  type RegistryImage,
  referenceOf,
} from '../../shared/image-location.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { BlobLocations } from './blob-locations.ts';
import type { BlobSource } from './blob-source.ts';
import { type CopyContent, type CopySource, openSource } from './copy-source.ts';
import { registryNames } from './credentials.ts';
import { joinContent } from './join-content.ts';
import { manifestsOf, storeContent } from './pull.ts';
import { blobsOf, pushList } from './push.ts';
import type { PushProgress } from './push-progress.ts';
import { openRepository, type RegistryAccess } from './remote-image.ts';

/** What becomes of an image that the destination has already. */
export type IfExists = 'replace' | 'merge' | 'refuse';

export interface CopyOptions {
  /** The images of several are joined in one list. */
  readonly sources: readonly ImageLocation[];
  readonly destination: ImageLocation;
  readonly ifExists: IfExists;
  /** Undefined: all. */
  readonly platforms?: readonly Platform[] | undefined;
  /** Whether what describes the images in their registry is copied, too. */
  readonly attachments: boolean;
  readonly sourceAccess: RegistryAccess;
  /** Opens the sources, if other copies read them, too. */
  readonly open?: ((location: ImageLocation, signal: AbortSignal) => Promise<CopySource>) | undefined;
  /** Everything is in the registry but the tag. Resolves when the tag may be set. */
  readonly beforeTag?: (() => Promise<void>) | undefined;
  readonly destinationAccess: RegistryAccess;
  readonly store: ImageStore;
  readonly change: <T>(work: () => Promise<T>) => Promise<T>;
  readonly locations?: BlobLocations | undefined;
  /** `uploadedBytes` are those that were copied. */
  readonly onProgress: (progress: PushProgress) => void;
  readonly signal: AbortSignal;
}

export interface CopyResult {
  readonly digest: Digest;
  readonly copiedBytes: number;
  readonly skippedBytes: number;
  readonly leftOut: number;
  /** What describes the images and was copied with them, except for entries of the list. */
  readonly attachments: number;
  /** After a merge: the platforms that were there and stay. */
  readonly kept?: readonly Platform[] | undefined;
  /** Whether somebody else has changed the destination in between. */
  readonly hasRaced?: boolean | undefined;
}

/**
 * Copies an image from a registry or local storage to a registry or local storage. Between registries, blobs are streamed through
 * and nothing is stored here; within one registry, blobs are mounted. What the destination has is skipped. Its tag changes last. A
 * list keeps its digest if it is copied as a whole.
 * @throws Failure `registry.*`, `image.*`, `disk.full`, `reference.invalid`; the reason of the signal
 */
export async function copyImage(options: CopyOptions): Promise<CopyResult> {
  const { destination, ifExists, store, sourceAccess, platforms, attachments, signal } = options;
  if (ifExists === 'refuse') {
    await assertAbsent(options);
  }
  // a local list that is merged into comes first
  const base: ImageLocation[] =
    ifExists === 'merge' && destination.kind === 'local' && (await hasLocal(store, destination.reference))
      ? [destination]
      : [];
  const sources: CopySource[] = [];
  try {
    const open = (location: ImageLocation): Promise<CopySource> =>
      options.open?.(location, signal) ?? openSource(location, { ...sourceAccess, store, platforms, attachments });
    for (const location of base) {
      sources.push(await openSource(location, { ...sourceAccess, store, attachments }));
    }
    for (const location of options.sources) {
      sources.push(await open(location));
    }
    const content = joinContent(sources.map((source) => source.content));
    const read = readerOf(sources);
    if (destination.kind === 'registry') {
      return await toRegistry(content, sources, read, destination, options);
    }
    const { reference } = destination;
    const stored = await storeContent(content, read, { ...options, reference });
    const { list, downloadedBytes: copiedBytes, skippedBytes, leftOut } = stored;
    const own = new Set(
      sources.slice(base.length).flatMap((source) => source.content.images.map(({ digest }) => digest)),
    );
    const kept = list.entries.filter(({ digest }) => !own.has(digest)).map(({ platform }) => platform);
    return {
      digest: list.digest,
      copiedBytes,
      skippedBytes,
      leftOut,
      attachments: stored.attachments,
      ...(base.length > 0 ? { kept } : {}),
    };
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    await Promise.all(sources.map((source) => source.close()));
  }
}

async function toRegistry(
  content: CopyContent,
  sources: readonly CopySource[],
  read: CopySource['read'],
  image: RegistryImage,
  { destinationAccess, locations, ifExists, beforeTag, onProgress }: CopyOptions,
): Promise<CopyResult> {
  const destination = referenceOf(image);
  if (!destination) {
    throw fail(
      'reference.invalid',
      `${formatRegistryImage(image)} has no tag, under which the copy would be found.`,
      'Name the destination with a tag, such as registry.example.com/team/api:1.4.',
    );
  }
  const { top, list, images, attachments, attached, referrers, tagged, leftOut } = content;
  const target = registryNames(image);
  const seen = sources.flatMap(({ repository }) => (repository ? [registryNames(repository)] : []));
  const mountable = seen.filter(({ registry }) => registry === target.registry).map(({ repository }) => repository);
  const pushed = await pushList({
    ...destinationAccess,
    destination,
    blobs: blobSource(manifestsOf(content).flatMap(blobsOf), read, destinationAccess.signal),
    locations: await locations?.for(target, mountable),
    beforeTag,
    onProgress,
    list: ifExists === 'merge' ? list : top,
    merge: ifExists === 'merge',
    images,
    attachments: [...attachments, ...referrers, ...tagged],
    tagged,
    attached,
  });
  const { digest, uploadedBytes: copiedBytes, skippedBytes, kept, hasRaced } = pushed;
  const result = {
    digest,
    copiedBytes,
    skippedBytes,
    leftOut,
    attachments: referrers.length + tagged.length + attached.length,
  };
  return { ...result, ...(kept ? { kept } : {}), ...(hasRaced ? { hasRaced } : {}) };
}

/** Reads each blob from the first source that has it. */
function readerOf(sources: readonly CopySource[]): CopySource['read'] {
  const from = new Map<Digest, CopySource>();
  for (const source of [...sources].reverse()) {
    for (const { digest } of manifestsOf(source.content).flatMap(blobsOf)) {
      from.set(digest, source);
    }
  }
  return (download) => {
    const source = from.get(download.digest);
    if (!source) {
      throw new Error(`no source has ${download.digest}`);
    }
    return source.read(download);
  };
}

function blobSource(
  blobs: readonly { readonly digest: Digest; readonly size: number }[],
  read: CopySource['read'],
  signal: AbortSignal,
): BlobSource {
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
  const sizeOf = (digest: Digest): number => sizes.get(digest) ?? 0;
  return {
    size: async (digest) => sizeOf(digest),
    read: (digest, { start = 0 } = {}) =>
      Readable.from(read({ digest, size: sizeOf(digest), offset: start, signal }), { objectMode: false }),
  };
}

async function hasLocal(store: ImageStore, reference: string): Promise<boolean> {
  return (await store.list()).some((list) => list.reference === reference);
}

/** @throws Failure `image.destination` */
async function assertAbsent({ destination, store, destinationAccess }: CopyOptions): Promise<void> {
  let exists: boolean;
  if (destination.kind === 'local') {
    exists = await hasLocal(store, destination.reference);
  } else {
    const client = await openRepository(destination, destinationAccess);
    try {
      exists = (await client.getManifestDigest(destination.tag ?? 'latest')) !== undefined;
    } finally {
      await client.close();
    }
  }
  if (exists) {
    throw fail(
      'image.destination',
      `There is already an image ${formatImageLocation(destination)}.`,
      'Choose another name, replace it, or add the images to it.',
    );
  }
}

/** Where a copy reads images from: a registry, or local storage. */
import type { Digest } from '../../shared/image.ts';
import { formatRegistryImage, type ImageLocation, type RegistryImage } from '../../shared/image-location.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type { AttachedManifest } from '../images/attached-manifests.ts';
import { describesOf } from '../images/attachments.ts';
import { entriesOf, entryPlatform, withEntries } from '../images/edit-list.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { RawManifest } from '../images/manifest.ts';
import type { StoredAttachment, StoredImage } from '../images/stored-list.ts';
import type { BlobDownload } from './blob-download.ts';
import { type Describing, nothingDescribing, readDescribing } from './describing.ts';
import { openRepository, type RegistryAccess, RemoteManifests, readRemoteList } from './remote-image.ts';

/** What a copy brings to its destination. */
export interface CopyContent extends Describing {
  /** What the tag leads to: a list, or the single image that the source has. */
  readonly top: RawManifest;
  /** The list that has the images. */
  readonly list: RawManifest;
  readonly images: readonly StoredImage[];
  readonly attachments: readonly StoredAttachment[];
  /** What describes the list or its images in local storage, see `attached-manifests.ts`. */
  readonly attached: readonly AttachedManifest[];
  /** Entries of the list that are neither images nor attachments. */
  readonly leftOut: number;
}

export interface CopySource {
  readonly content: CopyContent;
  /** Its repository. Undefined for local storage. */
  readonly repository: Pick<RegistryImage, 'registry' | 'repository'> | undefined;
  read(download: BlobDownload): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

export interface SourceOptions extends RegistryAccess {
  readonly store: ImageStore;
  /** Undefined: all that the list has. */
  readonly platforms?: readonly Platform[] | undefined;
  /** Whether what describes the images in their registry is copied, too. */
  readonly attachments: boolean;
}

/** Reads all manifests of an image. To be closed. @throws Failure `image.*`, `registry.*` */
export function openSource(location: ImageLocation, options: SourceOptions): Promise<CopySource> {
  return location.kind === 'local' ? openLocal(location.reference, options) : openRemote(location, options);
}

async function openRemote(image: RegistryImage, options: SourceOptions): Promise<CopySource> {
  const client = await openRepository(image, options);
  try {
    const list = await readRemoteList(client, image, options.platforms);
    const { images, attachments } = list;
    const known = new Set([...images, ...attachments].map(({ digest }) => digest));
    const isWhole = list.list.digest === list.top.digest;
    const subjects = [...(isWhole ? [list.top.digest] : []), ...images.map(({ digest }) => digest)];
    const describing = options.attachments
      ? await readDescribing(client, new RemoteManifests(client, formatRegistryImage(image)), subjects, known)
      : nothingDescribing;
    // a single image stays one
    const top = list.isSingle ? list.top : list.list;
    return {
      content: { ...list, ...describing, top, attached: [] },
      repository: image,
      read: (download) => client.readBlob(download),
      close: () => client.close(),
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

async function openLocal(reference: string, { store, platforms, attachments }: SourceOptions): Promise<CopySource> {
  const { stored, lease } = await store.leaseList(reference);
  try {
    const chosen = platforms ? choosePlatforms(reference, stored, platforms) : stored;
    return {
      content: {
        ...{ ...chosen, ...nothingDescribing, top: chosen.list, leftOut: 0 },
        attached: attachments ? attachedIn(stored.attached, chosen) : [],
      },
      repository: undefined,
      read: ({ digest, offset }) => store.blobs.read(digest, offset ? { start: offset } : {}),
      close: () => lease.release(),
    };
  } catch (error) {
    await lease.release();
    throw error;
  }
}

function attachedIn(attached: readonly AttachedManifest[] = [], { list, images }: Chosen): AttachedManifest[] {
  const subjects = new Set([list.digest, ...images.map(({ digest }) => digest)]);
  return attached.filter((each) => subjects.has(each.attached.subject));
}

type Chosen = Pick<CopyContent, 'list' | 'images' | 'attachments'>;

/** @throws Failure `image.platform` */
function choosePlatforms(name: string, { list, images, attachments }: Chosen, platforms: readonly Platform[]): Chosen {
  const missing = platforms.filter((wanted) => images.every(({ platform }) => platform !== wanted));
  if (missing.length > 0) {
    throw fail(
      'image.platform',
      `${name} has no image for ${missing.join(', ')}.`,
      `It has images for: ${images.map(({ platform }) => platform).join(', ')}.`,
    );
  }
  const isWanted = (platform: Platform | undefined) => platform !== undefined && platforms.includes(platform);
  const kept = images.filter(({ platform }) => isWanted(platform));
  const digests = new Set<Digest>(kept.map(({ digest }) => digest));
  const own = attachments.filter(({ descriptor }) => digests.has(describesOf(descriptor) ?? descriptor.digest));
  const entries = entriesOf(list).filter((entry) => {
    const described = describesOf(entry);
    return described === undefined ? isWanted(entryPlatform(entry)) : digests.has(described);
  });
  return { list: withEntries(list, entries), images: kept, attachments: own };
}

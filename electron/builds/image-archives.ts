/** Archives of images that a build has among its files, as the packages of LinuxKit name them. Nothing is written into the project. */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rm, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Digest } from '../../shared/image.ts';
import type { ImageArchives } from '../../shared/image-archives.ts';
import { formatRegistryImage, parseRegistryImage, type RegistryImage } from '../../shared/image-location.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type { MappedFolder } from '../context/walk.ts';
import { type ArchivedImage, dockerArchiveFiles, writeTar } from '../images/export-archive.ts';
import { contentOfImage, onlyImage } from '../images/export-content.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import { withReplaced } from '../images/replaced-lists.ts';
import { receivedImages, type StoredImage, type StoredList } from '../images/stored-list.ts';
import { borrowImage } from '../registry/borrowed-image.ts';
import type { CredentialSource } from '../registry/credential-source.ts';
import { isLoopback } from './existing-images.ts';

export interface ArchiveServices {
  readonly store: ImageStore;
  /** For the archives, until they are packed. */
  readonly spoolFolder: string;
  readonly credentials: CredentialSource;
}

export interface ArchiveOptions {
  readonly signal: AbortSignal;
  /** Called with the bytes of archives that were made or downloaded so far. */
  readonly onBytes: (bytes: number) => void;
}

export interface OpenedArchives {
  readonly mapped: readonly MappedFolder[];
  close(): Promise<void>;
}

/**
 * Writes the archives for a build of these platforms: of the image for its only platform, or else for this computer, as docker pulls it.
 * Images come from local storage, or else from their registry, whose layers local storage keeps for a while.
 * @throws Failure `registry.*`, `image.*`, `disk.full`; the reason of the signal
 */
export async function openImageArchives(
  { images, to, kind }: ImageArchives,
  platforms: readonly Platform[] | undefined,
  services: ArchiveServices,
  { signal, onBytes }: ArchiveOptions,
): Promise<OpenedArchives> {
  const folder = join(services.spoolFolder, `archives-${randomUUID()}`);
  const releases: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(releases.splice(0).map((release) => release()));
    await rm(folder, { recursive: true, force: true });
  };
  let done = 0;
  const count = (bytes: number): void => {
    done += bytes;
    onBytes(done);
  };
  try {
    await mkdir(folder, { recursive: true });
    const found: (ArchivedImage & { readonly title: string })[] = [];
    for (const text of images) {
      const image = parsedImage(text);
      const only = platforms?.length === 1 ? platforms[0] : undefined;
      const { chosen, release } = await findImage(image, only, services, { signal, onBytes: count });
      releases.push(release);
      const content = contentOfImage(chosen);
      const name = image.tag === undefined ? undefined : formatRegistryImage({ ...image, digest: undefined });
      found.push({ content, name, title: `${basename(image.repository)}@${image.digest}` });
    }
    const written = async (name: string, archived: readonly ArchivedImage[]): Promise<string> => {
      const path = join(folder, name);
      await writeTar(dockerArchiveFiles(services.store.blobs, archived, { signal, onBytes: count }), path, { signal });
      await makeSame(path, 0o644);
      return path;
    };
    if (kind === 'file') {
      const from = await written('archive.tar', found);
      return { mapped: [{ from, to }], close };
    }
    for (const each of found) {
      await written(`${each.title}.tar`, [each]);
    }
    await makeSame(folder, 0o755);
    return { mapped: [{ from: folder, to, replaces: true }], close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The same archives have the same mode and time, so that the context of the next build is the same. */
async function makeSame(path: string, mode: number): Promise<void> {
  await chmod(path, mode);
  await utimes(path, new Date(0), new Date(0));
}

type DigestedImage = RegistryImage & { readonly digest: Digest };

function parsedImage(text: string): DigestedImage {
  const image = parseRegistryImage(text);
  if (typeof image === 'string' || !image.digest) {
    throw fail('reference.invalid', `"${text}" is not an image with a digest.`, 'Write NAME:TAG@sha256:DIGEST.');
  }
  return { ...image, digest: image.digest };
}

interface FoundImage {
  readonly chosen: StoredImage;
  release(): Promise<void>;
}

async function findImage(
  image: DigestedImage,
  platform: Platform | undefined,
  services: ArchiveServices,
  { signal, onBytes }: ArchiveOptions,
): Promise<FoundImage> {
  const { store, credentials } = services;
  const choose = (list: Pick<StoredList, 'images'>): StoredImage =>
    list.images.find((each) => each.platform === platform) ?? onlyImage(list, formatRegistryImage(image), undefined);
  const here = await findStored(image, store);
  if (here) {
    const { lease, ...list } = here;
    return { chosen: choose(list), release: () => lease.release() };
  }
  let before = 0;
  const { stored, release } = await borrowImage(image, {
    ...{ store, credentials, signal, tlsVerify: !isLoopback(image.registry) },
    needsLayers: (each, list) => each === choose(list),
    onProgress: ({ uploadedBytes }) => {
      onBytes(uploadedBytes - before);
      before = uploadedBytes;
    },
  });
  try {
    const chosen = choose(stored);
    await keepForAWhile(store, { ...stored, images: [chosen], attachments: [] }, image.digest, signal);
    return { chosen, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** The images of local storage that a digest names: of a list, or of one image. */
async function findStored(
  { digest }: DigestedImage,
  store: ImageStore,
): Promise<{ readonly images: readonly StoredImage[]; readonly lease: Lease } | undefined> {
  const here = (await store.list()).find(
    (list) => list.digest === digest || list.entries.some((entry) => entry.digest === digest),
  );
  if (!here) {
    return undefined;
  }
  const { stored, lease } = await store.leaseList(here.reference);
  const images = stored.images.filter((image) => [stored.list.digest, image.digest].includes(digest));
  if (images.length > 0) {
    return { images, lease };
  }
  // another list has got the name meanwhile
  await lease.release();
  return undefined;
}

/** Its layers stay as those of a replaced image do, so that the next build downloads nothing. */
async function keepForAWhile(
  store: ImageStore,
  stored: StoredList,
  digest: Digest,
  signal: AbortSignal,
): Promise<void> {
  const reference = `barnraiser-archive/${digest.replace(':', '-')}:1`;
  await store.commit(reference, receivedImages(stored), { signal });
  await store.rename(async (index) => ({
    index: await withReplaced(store.blobs, index, reference, new Date()),
    result: undefined,
  }));
}

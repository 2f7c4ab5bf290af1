import type { Build } from '../../shared/build.ts';
import type { Digest } from '../../shared/image.ts';
import { type ImageLocation, parseImageLocation, parseRegistryImage } from '../../shared/image-location.ts';
import type { Platform } from '../../shared/platform.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import { maxManifestBytes } from '../images/manifest.ts';
import { readStoredList } from '../images/stored-list.ts';
import { type CopySource, openSource } from '../registry/copy-source.ts';
import type { RegistryAccess } from '../registry/remote-image.ts';

export interface SideLayer {
  readonly digest: Digest;
  readonly size: number;
}

export interface SideImage {
  readonly platform: Platform;
  readonly digest: Digest;
  readonly size: number;
  readonly layers: readonly SideLayer[];
}

/** One of the two images of a comparison. To be closed. */
export interface Side {
  readonly name: string;
  readonly digest: Digest;
  readonly images: readonly SideImage[];
  /** Why only layers are known. */
  readonly lacks?: string | undefined;
  /** The configuration of an image. Undefined where it is not known. */
  readConfig(image: SideImage): Promise<Buffer | undefined>;
  /** Reads a layer from its registry. Undefined if it is in none. */
  readonly fetch?: CopySource['read'] | undefined;
  close(): Promise<void>;
}

export interface SideOptions extends RegistryAccess {
  readonly store: ImageStore;
  /** @throws Failure `build.unknown` */
  readonly findBuild: (id: string) => Promise<Build>;
}

/** Ids of builds, which are no names of images because they have no tag. */
const buildIdPattern = /^\d{8}-\d{6}-[0-9a-z]+$/;

/** @param text a location of an image, or the id of a build @throws Failure `image.*`, `build.*`, `registry.*`, `reference.invalid` */
export async function openSide(text: string, options: SideOptions): Promise<Side> {
  if (buildIdPattern.test(text)) {
    return openBuild(text, await options.findBuild(text), options);
  }
  const location = parseImageLocation(text);
  if (typeof location === 'string') {
    throw fail('reference.invalid', location, 'Write NAME:TAG, docker://REGISTRY/NAME:TAG, or the id of a build.');
  }
  return openLocation(text, location, options);
}

async function openLocation(name: string, location: ImageLocation, options: SideOptions): Promise<Side> {
  // a platform that only the other one has is a difference
  const source = await openSource(location, { ...options, platforms: undefined, attachments: false });
  const { images, top } = source.content;
  const configs = new Map(images.map(({ digest, config }) => [digest, config]));
  return {
    name,
    digest: top.digest,
    images: images.map(({ platform, digest, config, layers }) => ({
      platform,
      digest,
      size: sizeOf([config, ...layers]),
      layers: layers.map((layer) => ({ digest: layer.digest, size: layer.size })),
    })),
    readConfig: async ({ digest }) => {
      const config = configs.get(digest);
      if (!config || config.size > maxManifestBytes) {
        return undefined;
      }
      const chunks: Buffer[] = [];
      for await (const chunk of source.read({ digest: config.digest, size: config.size, signal: options.signal })) {
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    },
    fetch: source.repository ? (download) => source.read(download) : undefined,
    close: () => source.close(),
  };
}

/** The images that a build has made: from local storage, from where they were pushed, or what its record says of them. */
async function openBuild(id: string, build: Build, options: SideOptions): Promise<Side> {
  const { list, push } = build;
  if (list) {
    const stored = await openStored(id, list, options);
    if (stored) {
      return stored;
    }
  }
  const digest = push?.status === 'done' ? push.digest : undefined;
  const destination = push && digest ? parseRegistryImage(push.destination) : undefined;
  if (destination && digest && typeof destination !== 'string') {
    try {
      return await openLocation(id, { kind: 'registry', ...destination, digest }, options);
    } catch (error) {
      options.signal.throwIfAborted();
      if (!list || !(error instanceof Failure)) {
        throw error;
      }
    }
  }
  if (!list) {
    throw fail('image.unknown', `The build ${id} has stored no image.`, 'Choose a build that is done.');
  }
  return {
    name: id,
    digest: list.digest,
    images: list.entries.map(({ platform, digest: own, size, layers }) => ({ platform, digest: own, size, layers })),
    lacks: 'Its images are no longer in local storage, so that only their layers are known.',
    readConfig: async () => undefined,
    close: async () => {},
  };
}

/** Undefined if a part of it is gone. */
async function openStored(
  id: string,
  { digest, mediaType, entries }: NonNullable<Build['list']>,
  { store }: SideOptions,
): Promise<Side | undefined> {
  const lease: Lease = await store.createLease(`compare-${id}`);
  try {
    await lease.hold(
      digest,
      ...entries.flatMap((entry) => [entry.digest, ...entry.layers.map((layer) => layer.digest)]),
    );
    const { images } = await readStoredList(store.blobs, { digest, mediaType });
    await lease.hold(...images.map(({ config }) => config.digest));
    const parts = images.flatMap(({ config, layers }) => [config, ...layers]);
    await store.blobs.assertPresent(parts, `The image of the build ${id}`);
    return {
      name: id,
      digest,
      images: images.map(({ platform, digest: own, config, layers }) => ({
        platform,
        digest: own,
        size: sizeOf([config, ...layers]),
        layers: layers.map((layer) => ({ digest: layer.digest, size: layer.size })),
      })),
      readConfig: async (image) => {
        const config = images.find((each) => each.digest === image.digest)?.config.digest;
        return config && (await store.blobs.readVerified(config));
      },
      close: () => lease.release(),
    };
  } catch (error) {
    await lease.release();
    if (error instanceof Failure) {
      return undefined;
    }
    throw error;
  }
}

function sizeOf(parts: readonly SideLayer[]): number {
  return [...new Map(parts.map(({ digest, size }) => [digest, size])).values()].reduce((sum, size) => sum + size, 0);
}

/** Names of stored images: given, taken away, given back. */
import type { Digest, ManifestList } from '../../shared/image.ts';
import { fail } from '../../shared/problem.ts';
import type { ImageStore } from './image-store.ts';
import { refName, withoutName, withReference } from './layout-index.ts';
import { isIndexType } from './manifest.ts';
import { withReplaced, withRestored } from './replaced-lists.ts';

/**
 * Gives an image another name, as `podman tag` does: a list that has the name loses it. That one is kept for a while, so that
 * {@link restoreName} can give the name back.
 * @throws Failure `image.unknown`
 */
export async function tagImage(
  store: ImageStore,
  reference: string,
  name: string,
): Promise<{ list: ManifestList; replaced: { digest: Digest } | undefined }> {
  const replaced = await store.rename(async (index) => {
    const source = index.manifests.find((entry) => refName(entry) === reference);
    if (!source || !isIndexType(source.mediaType)) {
      throw unknown(reference);
    }
    const before = index.manifests.find((entry) => refName(entry) === name);
    if (before?.digest === source.digest) {
      return { index, result: undefined };
    }
    const others = await withReplaced(store.blobs, index, name, new Date());
    return {
      index: withReference(others, name, withoutName(source)),
      result: before && { digest: before.digest },
    };
  });
  return { list: await store.find(name), replaced };
}

/** Takes a name from its image, which is kept for a while. @throws Failure `image.unknown` */
export async function untagImage(store: ImageStore, reference: string): Promise<{ digest: Digest; isLast: boolean }> {
  return store.rename(async (index) => {
    const source = index.manifests.find((entry) => refName(entry) === reference);
    if (!source) {
      throw unknown(reference);
    }
    const { digest } = source;
    const isLast = index.manifests.every(
      (entry) => entry === source || entry.digest !== digest || refName(entry) === undefined,
    );
    return { index: await withReplaced(store.blobs, index, reference, new Date()), result: { digest, isLast } };
  });
}

/**
 * Gives a name back to the list that has lost it. What has the name now is kept instead.
 * @throws Failure `image.unknown` if the list is not kept any more
 */
export async function restoreName(store: ImageStore, reference: string, digest: Digest): Promise<ManifestList> {
  await store.rename(async (index) => {
    if (index.manifests.some((entry) => refName(entry) === reference && entry.digest === digest)) {
      return { index, result: undefined };
    }
    const restored = withRestored(await withReplaced(store.blobs, index, reference, new Date()), reference, digest);
    if (!restored) {
      throw fail(
        'image.unknown',
        `The image that was ${reference} before is not in local storage any more.`,
        'Build it again, or pull it from its registry.',
      );
    }
    return { index: restored, result: undefined };
  });
  return store.find(reference);
}

function unknown(reference: string) {
  return fail(
    'image.unknown',
    `There is no image ${reference} in local storage.`,
    'Check the name in the list of images.',
  ).offering({ id: 'show-images' });
}

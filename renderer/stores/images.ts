import { create } from 'zustand';
import type { DamagedImage, ManifestList } from '../../shared/image.ts';
import { call } from '../api.ts';
import { each, Feed } from './feed.ts';
import { toastProblem } from './toasts.ts';

interface Images {
  readonly lists: readonly ManifestList[];
  readonly loaded: boolean;
}

export const useImages = create<Images>(() => ({ lists: [], loaded: false }));

export function useImage(reference: string | undefined): ManifestList | undefined {
  return useImages(({ lists }) => lists.find((list) => list.reference === reference));
}

export const imageFeed = new Feed(
  each(({ event }) => {
    if (event === 'images.changed') {
      loadImages().catch(toastProblem);
    }
  }),
);

/** @throws Failure */
export function loadImages(signal?: AbortSignal): Promise<void> {
  return imageFeed.load('images.list', {}, (lists) => useImages.setState({ lists, loaded: true }), signal);
}

/** Deletes an image from local storage. @returns the number of bytes freed @throws Failure `image.unknown` */
export async function removeImage(reference: string): Promise<number> {
  const { freedBytes } = await call('images.remove', { reference });
  await loadImages();
  return freedBytes;
}

/** The images that the list leaves out because they are damaged. @throws Failure */
export function readDamagedImages(): Promise<readonly DamagedImage[]> {
  return call('images.damaged', {});
}

/** The bytes that are kept only for later builds. @throws Failure */
export async function readCacheBytes(): Promise<number> {
  return (await call('images.cache', {})).bytes;
}

/** Deletes what is kept only for later builds. @returns the number of bytes freed @throws Failure */
export async function clearCache(): Promise<number> {
  return (await call('images.clearCache', {})).freedBytes;
}

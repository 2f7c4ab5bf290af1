/** Images of registries that are read without a name in local storage. */
import { formatRegistryImage, type RegistryImage } from '../../shared/image-location.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type { ImageStore } from '../images/image-store.ts';
import { sizeOfBlobs } from '../images/manifest.ts';
import type { StoredImage, StoredList } from '../images/stored-list.ts';
import { openSource } from './copy-source.ts';
import { attachedOf, holdContent } from './pull.ts';
import { ProgressTracker, type PushProgress } from './push-progress.ts';
import type { RegistryAccess } from './remote-image.ts';

/** All that describes one image together: statements of tens of MiB. */
const maxDescribingBytes = 256 * 1024 * 1024;

export interface BorrowOptions extends RegistryAccess {
  readonly store: ImageStore;
  /** Undefined: all that the list has. */
  readonly platforms?: readonly Platform[] | undefined;
  /** Of which images the layers come, too. Default: of none. */
  readonly needsLayers?: (image: StoredImage, list: StoredList) => boolean;
  /** Whether what describes the images in their registry comes, too. Default: false. */
  readonly attachments?: boolean;
  readonly onProgress?: (progress: PushProgress) => void;
}

export interface BorrowedImage {
  /** Without layers, images have no configurations either. */
  readonly stored: StoredList;
  /** Afterwards its blobs stay until garbage is collected. */
  release(): Promise<void>;
}

/**
 * Brings parts of an image into local storage for as long as they are used. All digests are checked.
 * @throws Failure `registry.*`, `image.unknown`, `image.platform`, `image.corrupt`, `image.too-large`, `disk.full`; the reason of
 *   the signal
 */
export async function borrowImage(
  image: RegistryImage,
  { store, needsLayers = () => false, attachments = false, onProgress = () => undefined, ...options }: BorrowOptions,
): Promise<BorrowedImage> {
  const { signal } = options;
  const source = await openSource({ kind: 'registry', ...image }, { ...options, store, attachments });
  const lease = await store.createLease('borrowed');
  try {
    const { content } = source;
    const stored: StoredList = { ...content, attached: attachedOf(content) };
    const describing = [...content.attachments, ...(stored.attached ?? [])];
    if (sizeOfBlobs(describing.flatMap(({ config, layers }) => [config, ...layers])) > maxDescribingBytes) {
      throw fail(
        'image.too-large',
        `What describes ${formatRegistryImage(image)} in its registry is larger than ${maxDescribingBytes} bytes.`,
        'Pull the image without it: barnraiser copy --no-attachments.',
      );
    }
    const images = content.images.filter((each) => needsLayers(each, stored));
    await holdContent(
      { ...content, images },
      { store, lease, tracker: new ProgressTracker(onProgress), read: (download) => source.read(download), signal },
    );
    return { stored, release: () => lease.release() };
  } catch (error) {
    await lease.release();
    signal.throwIfAborted();
    throw error;
  } finally {
    await source.close();
  }
}

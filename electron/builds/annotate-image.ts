import { annotatedManifest, withAnnotated } from '../images/annotate.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Lease } from '../images/lease.ts';
import type { ReceivedImage } from '../images/manifest.ts';
import type { DirectPush } from '../registry/direct-push.ts';

export interface AnnotateOptions {
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly store: ImageStore;
  readonly lease: Lease;
  /** The push of the build, if nodes push their images themselves. */
  readonly direct: DirectPush | undefined;
  readonly onLogLine: (text: string) => void;
}

/**
 * Gives an image the annotations of its build, in the same way for every engine: some have none, or only in one of their formats.
 * @throws Failure `image.corrupt`, `disk.full`
 */
export async function annotateImage(image: ReceivedImage, options: AnnotateOptions): Promise<ReceivedImage> {
  const { annotations = {}, store, lease, direct, onLogLine } = options;
  if (Object.keys(annotations).length === 0) {
    return image;
  }
  if (image.attachments.length > 0) {
    onLogLine('What its node says of the image is left out: it describes the image without its annotations.');
  }
  const { digest, mediaType } = image;
  const pushed = direct?.manifest(digest);
  const manifest = annotatedManifest(
    pushed ?? { bytes: await store.blobs.readVerified(digest), mediaType },
    annotations,
  );
  if (pushed) {
    direct?.replace(digest, manifest);
  } else {
    await lease.hold(manifest.digest);
    await store.blobs.put(manifest.bytes);
  }
  return withAnnotated(image, manifest);
}

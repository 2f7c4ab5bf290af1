import type { Digest } from '../../shared/image.ts';
import type { Descriptor } from './manifest.ts';
import type { StoredImage } from './stored-list.ts';
import type { StoredManifest } from './stored-manifest.ts';

export interface ExportOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the size of each piece of a blob that was copied. */
  readonly onBytes?: ((count: number) => void) | undefined;
}

/** A blob of the image store, or one that only the export has. */
export interface ExportBlob {
  readonly digest: Digest;
  readonly size: number;
  readonly bytes?: Buffer;
}

/** What an export contains: a list with its images, a part of it, or one image. */
export interface ExportContent {
  /** For the exported index: of the list, or of the only image. */
  readonly root: Descriptor;
  readonly images: readonly StoredImage[];
  /** All manifests with their bytes: the root, images and attachments. */
  readonly manifests: readonly { readonly digest: Digest; readonly bytes: Buffer }[];
  /** Each once: layers and configurations, then manifests. */
  readonly blobs: readonly ExportBlob[];
  readonly attachments: readonly StoredManifest[];
}

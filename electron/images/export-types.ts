import type { Digest } from '../../shared/image.ts';
import type { Descriptor } from './manifest.ts';

export interface ExportOptions {
  readonly signal?: AbortSignal;
  /** Called with the size of each piece of a blob that was copied. */
  readonly onBytes?: (count: number) => void;
}

/** Where an export is written, in the syntax of `podman` and `skopeo`. `name` is the name of the list there. */
export interface ExportDestination {
  readonly kind: 'oci' | 'oci-archive';
  readonly path: string;
  readonly name: string;
}

/** What an export contains: the blobs, and the descriptor of the list for the exported index. */
export interface ExportContent {
  readonly blobs: readonly { readonly digest: Digest; readonly size: number }[];
  readonly descriptor: Descriptor;
}

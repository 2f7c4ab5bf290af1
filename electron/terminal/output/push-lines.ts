import { formatBytes, formatCount } from '../../../shared/format.ts';
import type { Push } from '../../../shared/push.ts';

/** How much of a push is done. */
export function pushedShare({ totalBytes, uploadedBytes, skippedBytes }: Push): string {
  return `${formatBytes(uploadedBytes + skippedBytes)} of ${formatBytes(totalBytes)}`;
}

/** What a push that is done has sent. */
export function pushedLine({ destination, uploadedBytes, skippedBytes, images }: Push): string {
  const sizes = `${formatBytes(uploadedBytes)} uploaded, ${formatBytes(skippedBytes)} already there`;
  return `Pushed ${destination} (${formatCount(images.length, 'image')}, ${sizes})`;
}

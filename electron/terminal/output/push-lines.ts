import { formatBytes, formatCount } from '../../../shared/format.ts';
import type { Push } from '../../../shared/push.ts';

/** How much of a push is done. */
export function pushedShare({ totalBytes, uploadedBytes, skippedBytes }: Push): string {
  return `${formatBytes(uploadedBytes + skippedBytes)} of ${formatBytes(totalBytes)}`;
}

/** What a push that is done has sent. */
export function pushedLine({ destination, uploadedBytes, skippedBytes, images, direct }: Push): string {
  // what nodes have uploaded is already there for the push, and it is not known how much of it they have sent
  const sizes = direct
    ? `${formatBytes(skippedBytes)} by the nodes${uploadedBytes > 0 ? `, ${formatBytes(uploadedBytes)} from here` : ''}`
    : `${formatBytes(uploadedBytes)} uploaded, ${formatBytes(skippedBytes)} already there`;
  return `Pushed ${destination} (${formatCount(images.length, 'image')}, ${sizes})`;
}

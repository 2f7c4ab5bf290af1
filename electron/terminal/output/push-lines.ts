import { formatBytes, formatCount } from '../../../shared/format.ts';
import type { Push } from '../../../shared/push.ts';

/** How much of a push is done. */
export function pushedShare({ totalBytes, uploadedBytes, skippedBytes, compressing }: Push): string {
  if (compressing) {
    return `compressing ${formatBytes(compressing.doneBytes)} of ${formatBytes(compressing.totalBytes)}`;
  }
  return `${formatBytes(uploadedBytes + skippedBytes)} of ${formatBytes(totalBytes)}`;
}

/** What a push that is done has sent. */
export function pushedLine({ destination, totalBytes, uploadedBytes, skippedBytes, images, direct }: Push): string {
  // what nodes have uploaded is already there for the push, and it is not known how much of it they have sent
  const sizes = direct
    ? `${formatBytes(skippedBytes)} by the nodes${uploadedBytes > 0 ? `, ${formatBytes(uploadedBytes)} from here` : ''}`
    : `${formatBytes(uploadedBytes)} uploaded, ${formatBytes(skippedBytes)} already there`;
  return images.length === 0 && totalBytes === 0
    ? `Nothing to push: ${destination} is there already`
    : `Pushed ${destination} (${formatCount(images.length, 'image')}, ${sizes})`;
}

/** What a merge has kept of the list that was there. */
export function mergeNotes({ kept, hasRaced }: Pick<Push, 'kept' | 'hasRaced'>): string[] {
  return [
    ...(kept && kept.length > 0 ? [`Kept from the list that was there: ${kept.join(', ')}.`] : []),
    ...(hasRaced ? ['Somebody else changed the list meanwhile. What they changed is kept.'] : []),
  ];
}

import { formatAgo, formatBytes } from '../../../shared/format.ts';
import { damagedImageProblem, type ManifestList } from '../../../shared/image.ts';
import { lackingPlatforms } from '../../../shared/lacking-platforms.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable } from '../output/columns.ts';
import { shortDigest } from '../output/text.ts';
import { forEachName } from './for-each-name.ts';

export async function listImages(frontEnd: TerminalFrontEnd): Promise<number> {
  const lists = await frontEnd.call('images.list', {});
  const { bytes: cacheBytes } = await frontEnd.call('images.cache', {});
  const damaged = await frontEnd.call('images.damaged', {});
  const now = new Date();
  frontEnd.printResult(lists, () => [...listLines(lists, now), ...(cacheBytes > 0 ? ['', cacheLine(cacheBytes)] : [])]);
  for (const image of damaged) {
    frontEnd.reportProblem(damagedImageProblem(image));
  }
  return 0;
}

function cacheLine(bytes: number): string {
  return `${formatBytes(bytes)} more are layers of replaced images, kept for later builds. To delete them, run barnraiser rm --cache.`;
}

function listLines(lists: readonly ManifestList[], now: Date): string[] {
  if (lists.length === 0) {
    return ['No images yet. Build one: barnraiser build -t NAME:TAG FOLDER'];
  }
  return formatTable(
    [
      { title: 'REFERENCE' },
      { title: 'PLATFORMS' },
      { title: 'DIGEST' },
      { title: 'SIZE', align: 'right' },
      { title: 'CREATED' },
    ],
    lists.map((list) => [
      list.reference,
      [list.entries.map(({ platform }) => platform).join(', '), ...remarksOf(list).map((text) => `(${text})`)].join(
        ' ',
      ),
      shortDigest(list.digest),
      formatBytes(list.entries.reduce((sum, { size }) => sum + size, 0)),
      formatAgo(new Date(list.createdAt), now),
    ]),
  );
}

/** What is unusual about a list. */
export function remarksOf({ missing, optional, mismatched }: ManifestList): string[] {
  const lacking = lackingPlatforms({ missing, optional });
  return [
    ...(lacking.length > 0 ? [`incomplete: no ${lacking.join(', ')}`] : []),
    ...(optional ? [`without ${optional.join(', ')}, optional`] : []),
    ...(mismatched ? [`programs for another platform: ${mismatched.join(', ')}`] : []),
  ];
}

export async function removeImages(
  frontEnd: TerminalFrontEnd,
  { references, all, cache }: Extract<Command, { kind: 'rm' }>,
): Promise<number> {
  const lists = all ? await frontEnd.call('images.list', {}) : [];
  const names = all ? lists.map(({ reference }) => reference) : references;
  const code = await forEachName(frontEnd, names, async (reference) => {
    const { freedBytes } = await frontEnd.call('images.remove', { reference });
    frontEnd.printResult({ removed: reference, freedBytes }, () => [
      `Deleted ${reference}, ${formatBytes(freedBytes)} freed.`,
    ]);
  });
  if (cache) {
    const { freedBytes } = await frontEnd.call('images.clearCache', {});
    frontEnd.printResult({ cache: true, freedBytes }, () => [`Cleared the cache, ${formatBytes(freedBytes)} freed.`]);
  }
  return code;
}

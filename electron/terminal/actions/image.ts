import { formatAgo, formatBytes } from '../../../shared/format.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable, shortDigest } from '../output/text.ts';
import { forEachName } from './for-each-name.ts';

export async function listImages(frontEnd: TerminalFrontEnd): Promise<number> {
  const lists = await frontEnd.call('images.list', {});
  const now = new Date();
  frontEnd.printResult(lists, () =>
    lists.length === 0
      ? ['No images yet. Build one: barnraiser build -t NAME:TAG FOLDER']
      : formatTable(
          [
            { title: 'REFERENCE' },
            { title: 'PLATFORMS' },
            { title: 'DIGEST' },
            { title: 'SIZE', align: 'right' },
            { title: 'CREATED' },
          ],
          lists.map(({ reference, entries, missing, digest, createdAt }) => [
            reference,
            entries.map(({ platform }) => platform).join(', ') +
              (missing ? ` (incomplete: no ${missing.join(', ')})` : ''),
            shortDigest(digest),
            formatBytes(entries.reduce((sum, { size }) => sum + size, 0)),
            formatAgo(new Date(createdAt), now),
          ]),
        ),
  );
  return 0;
}

/** Prints the entries of a manifest list, and the manifest list as it is stored and pushed, always as JSON. */
export async function inspectImage(frontEnd: TerminalFrontEnd, reference: string): Promise<number> {
  const { list, manifest } = await frontEnd.call('images.inspect', { reference });
  frontEnd.print(JSON.stringify({ ...list, manifest }, null, frontEnd.options.json ? undefined : 2));
  return 0;
}

export async function exportImage(
  frontEnd: TerminalFrontEnd,
  { reference, destination }: Extract<Command, { kind: 'export' }>,
): Promise<number> {
  const exported = await frontEnd.showWait(
    `Exporting ${reference}`,
    frontEnd.call('images.export', { reference, destination }),
  );
  frontEnd.printResult(exported, () => [`Exported ${reference} to ${exported.path} (${formatBytes(exported.bytes)}).`]);
  return 0;
}

export async function removeImages(frontEnd: TerminalFrontEnd, references: readonly string[]): Promise<number> {
  return forEachName(frontEnd, references, async (reference) => {
    const { freedBytes } = await frontEnd.call('images.remove', { reference });
    frontEnd.printResult({ removed: reference, freedBytes }, () => [
      `Deleted ${reference}, ${formatBytes(freedBytes)} freed.`,
    ]);
  });
}

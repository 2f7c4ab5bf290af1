import { formatAgo, formatBytes } from '../../shared/format.ts';
import type { Command } from './command.ts';
import { forEach } from './each.ts';
import { shortDigest } from './format.ts';
import { formatTable } from './table.ts';
import type { TerminalFrontEnd } from './terminal.ts';

export async function listImages(door: TerminalFrontEnd): Promise<number> {
  const lists = await door.call('images.list', {});
  const now = new Date();
  door.answer(lists, () =>
    lists.length === 0
      ? ['There are no images yet. Build one: barnraiser build -t NAME:TAG FOLDER']
      : formatTable(
          [
            { title: 'REFERENCE' },
            { title: 'PLATFORMS' },
            { title: 'DIGEST' },
            { title: 'SIZE', align: 'right' },
            { title: 'CREATED' },
          ],
          lists.map(({ reference, entries, digest, createdAt }) => [
            reference,
            entries.map(({ platform }) => platform).join(', '),
            shortDigest(digest),
            formatBytes(entries.reduce((sum, { size }) => sum + size, 0)),
            formatAgo(new Date(createdAt), now),
          ]),
        ),
  );
  return 0;
}

/** The list with its entries, and the manifest as it is stored and pushed. Always JSON: it is data. */
export async function inspectImage(door: TerminalFrontEnd, reference: string): Promise<number> {
  const { list, manifest } = await door.call('images.inspect', { reference });
  door.print(JSON.stringify({ ...list, manifest }, null, door.options.json ? undefined : 2));
  return 0;
}

export async function exportImage(
  door: TerminalFrontEnd,
  { reference, destination }: Extract<Command, { kind: 'export' }>,
): Promise<number> {
  const exported = await door.waitFor(`Exporting ${reference}`, door.call('images.export', { reference, destination }));
  door.answer(exported, () => [`Exported ${reference} to ${exported.path} (${formatBytes(exported.bytes)}).`]);
  return 0;
}

export async function removeImages(door: TerminalFrontEnd, references: readonly string[]): Promise<number> {
  return forEach(door, references, async (reference) => {
    const { freedBytes } = await door.call('images.remove', { reference });
    door.answer({ removed: reference, freedBytes }, () => [`Removed ${reference}, freed ${formatBytes(freedBytes)}.`]);
  });
}

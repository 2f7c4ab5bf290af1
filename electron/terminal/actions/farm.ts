import type { CallInput } from '../../../shared/contract.ts';
import type { Farm } from '../../../shared/farm.ts';
import { wordOf } from '../../../shared/words.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable } from '../output/columns.ts';
import { forEachName } from './for-each-name.ts';

export async function createFarm(frontEnd: TerminalFrontEnd, farm: CallInput<'farms.create'>): Promise<number> {
  const created = await frontEnd.call('farms.create', farm);
  frontEnd.printResult(created, () => [
    `Created farm ${created.name}: ${created.connections.join(', ') || 'no connections yet'}.`,
  ]);
  return 0;
}

export async function listFarms(frontEnd: TerminalFrontEnd): Promise<number> {
  const list = await frontEnd.call('farms.list', {});
  frontEnd.printResult(list, () =>
    list.farms.length === 0
      ? ['No farms yet. Create one: barnraiser farm create NAME CONNECTION...']
      : formatTable(
          [
            { title: 'NAME' },
            { title: 'CONNECTIONS' },
            { title: 'DEFAULT' },
            ...(list.farms.some(({ pins }) => pins) ? [{ title: 'PINS' }] : []),
          ],
          list.farms.map(({ name, connections, pins }) => [
            name,
            connections.join(', '),
            name === list.default ? wordOf('yes') : '',
            ...(pins ? [pinsText(pins)] : []),
          ]),
        ),
  );
  return 0;
}

export async function updateFarm(frontEnd: TerminalFrontEnd, change: CallInput<'farms.update'>): Promise<number> {
  const updated = await frontEnd.call('farms.update', change);
  frontEnd.printResult(updated, () => [
    `Updated farm ${updated.name}: ${updated.connections.join(', ') || 'no connections'}${updated.pins ? `; ${pinsText(updated.pins)}` : ''}.`,
  ]);
  return 0;
}

/** `linux/arm64 on pi4` */
function pinsText(pins: NonNullable<Farm['pins']>): string {
  return Object.entries(pins)
    .map(([platform, node]) => `${platform} on ${node}`)
    .join(', ');
}

export async function removeFarms(frontEnd: TerminalFrontEnd, names: readonly string[]): Promise<number> {
  return forEachName(frontEnd, names, async (name) => {
    await frontEnd.call('farms.remove', { name });
    frontEnd.printResult({ removed: name }, () => [`Removed farm ${name}. Its connections are kept.`]);
  });
}

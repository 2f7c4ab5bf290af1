import type { CallInput } from '../../shared/contract.ts';
import type { Command } from './command.ts';
import { forEach } from './each.ts';
import { cleanLine } from './format.ts';
import { probeOne } from './run-nodes.ts';
import { formatTable } from './table.ts';
import type { TerminalFrontEnd } from './terminal.ts';

/** Saves a connection and tries it. One that does not answer now stays saved: the node may only be switched off. */
export async function addConnection(
  door: TerminalFrontEnd,
  { connection, test }: Extract<Command, { kind: 'connection.add' }>,
): Promise<number> {
  const added = await door.call('connections.add', connection);
  const status = test ? await probeOne(door, added.name) : undefined;
  door.answer({ connection: added, ...(status ? { status } : {}) }, () => [
    status?.state === 'up'
      ? `Added ${added.name}: ${status.node.engine} ${status.node.version}, ${status.node.platform}.`
      : `Added ${added.name}.`,
  ]);
  if (status?.state === 'down') {
    door.tell(status.problem);
  }
  return 0;
}

export async function listConnections(door: TerminalFrontEnd): Promise<number> {
  const connections = await door.call('connections.list', {});
  door.answer(connections, () =>
    connections.length === 0
      ? ['There are no connections yet. Add one: barnraiser connection add NAME ssh://user@host']
      : formatTable(
          [{ title: 'NAME' }, { title: 'URI' }, { title: 'IDENTITY' }],
          connections.map(({ name, uri, identity }) => [name, uri, identity ?? '']),
        ),
  );
  return 0;
}

export async function removeConnections(door: TerminalFrontEnd, names: readonly string[]): Promise<number> {
  return forEach(door, names, async (name) => {
    const { farms } = await door.call('farms.list', {});
    await door.call('connections.remove', { name });
    const held = farms.filter(({ connections }) => connections.includes(name)).map((farm) => farm.name);
    door.answer({ removed: name, farms: held }, () => [
      `Removed ${name}${held.length === 0 ? '' : `, also from ${held.join(', ')}`}.`,
    ]);
  });
}

/** What the SSH configuration says about a host; what was left out of it goes beside. */
export async function resolveConnection(
  door: TerminalFrontEnd,
  request: CallInput<'connections.resolve'>,
): Promise<number> {
  const resolved = await door.call('connections.resolve', request);
  door.answer(resolved, () => resolved.lines.map(({ key, value }) => cleanLine(`${key} ${value}`)));
  if (!door.options.json) {
    door.options.errors.write(resolved.notes.map((note) => `note: ${cleanLine(note)}\n`).join(''));
  }
  return 0;
}

export async function createFarm(door: TerminalFrontEnd, farm: CallInput<'farms.create'>): Promise<number> {
  const created = await door.call('farms.create', farm);
  door.answer(created, () => [
    `Created farm ${created.name}: ${created.connections.join(', ') || 'no connections yet'}.`,
  ]);
  return 0;
}

export async function listFarms(door: TerminalFrontEnd): Promise<number> {
  const list = await door.call('farms.list', {});
  door.answer(list, () =>
    list.farms.length === 0
      ? ['There are no farms yet. Create one: barnraiser farm create NAME CONNECTION...']
      : formatTable(
          [{ title: 'NAME' }, { title: 'CONNECTIONS' }, { title: 'DEFAULT' }],
          list.farms.map(({ name, connections }) => [name, connections.join(', '), name === list.default ? 'yes' : '']),
        ),
  );
  return 0;
}

export async function changeFarm(door: TerminalFrontEnd, change: CallInput<'farms.update'>): Promise<number> {
  const changed = await door.call('farms.update', change);
  door.answer(changed, () => [`Farm ${changed.name} has ${changed.connections.join(', ') || 'no connections'}.`]);
  return 0;
}

export async function removeFarms(door: TerminalFrontEnd, names: readonly string[]): Promise<number> {
  return forEach(door, names, async (name) => {
    await door.call('farms.remove', { name });
    door.answer({ removed: name }, () => [`Removed farm ${name}. Its connections stay.`]);
  });
}

import type { ConnectionOptions } from '../../../shared/connection.ts';
import type { CallInput } from '../../../shared/contract.ts';
import { engineText } from '../../../shared/node.ts';
import { preferenceTexts } from '../../../shared/node-preferences.ts';
import type { Command } from '../command.ts';
import type { TerminalFrontEnd } from '../front-end.ts';
import { formatTable } from '../output/columns.ts';
import { cleanLine } from '../output/text.ts';
import { forEachName } from './for-each-name.ts';

/** Saves a connection and probes it. The connection stays saved if the probe fails: the node may only be switched off. */
export async function addConnection(
  frontEnd: TerminalFrontEnd,
  { connection, test }: Extract<Command, { kind: 'connection.add' }>,
): Promise<number> {
  const added = await frontEnd.call('connections.add', connection);
  const [status] = test
    ? await frontEnd.showWait(`Checking ${added.name}`, frontEnd.call('nodes.probe', { connections: [added.name] }))
    : [];
  frontEnd.printResult({ connection: added, ...(status ? { status } : {}) }, () => [
    status?.state === 'up'
      ? `Added ${added.name}: ${engineText(status.node)}, ${status.node.platform}.`
      : `Added ${added.name}${status ? ', but its engine was not reached' : ''}.`,
  ]);
  if (status?.state === 'down') {
    frontEnd.reportProblem(status.problem, 'warning');
  }
  return 0;
}

/** Changes a connection. Farms that have it keep it under its new name. */
export async function updateConnection(
  frontEnd: TerminalFrontEnd,
  change: CallInput<'connections.update'>,
): Promise<number> {
  const updated = await frontEnd.call('connections.update', change);
  const { name, uri } = updated;
  const options = describeOptions(updated);
  frontEnd.printResult(updated, () => [`Updated ${name}: ${uri}${options ? ` with ${options}` : ''}.`]);
  return 0;
}

export async function listConnections(frontEnd: TerminalFrontEnd): Promise<number> {
  const connections = await frontEnd.call('connections.list', {});
  // a running app knows them from its last probes
  const engines = new Map(
    (await frontEnd.call('nodes.list', {})).map((status) => [
      status.connection,
      status.state === 'up' ? engineText(status.node) : '',
    ]),
  );
  const hasEngines = engines.size > 0;
  frontEnd.printResult(connections, () =>
    connections.length === 0
      ? ['No connections yet. Add one: barnraiser connection add NAME ssh://user@host']
      : formatTable(
          [{ title: 'NAME' }, ...(hasEngines ? [{ title: 'ENGINE' }] : []), { title: 'URI' }, { title: 'OPTIONS' }],
          connections.map((connection) => [
            connection.name,
            ...(hasEngines ? [engines.get(connection.name) ?? ''] : []),
            connection.uri,
            describeOptions(connection),
          ]),
        ),
  );
  return 0;
}

/** What a connection has besides its URI, in a few words. */
function describeOptions(options: ConnectionOptions): string {
  const { identity, tlsCa, tlsCert, allowUnencrypted, platforms } = options;
  return [
    identity,
    tlsCa,
    tlsCert,
    ...(allowUnencrypted ? ['without TLS'] : []),
    ...(platforms ? [`only ${platforms.join(', ')}`] : []),
    ...preferenceTexts(options),
  ]
    .filter(Boolean)
    .join(', ');
}

export async function removeConnections(frontEnd: TerminalFrontEnd, names: readonly string[]): Promise<number> {
  return forEachName(frontEnd, names, async (name) => {
    const { farms } = await frontEnd.call('farms.list', {});
    await frontEnd.call('connections.remove', { name });
    const memberOf = farms.filter(({ connections }) => connections.includes(name)).map((farm) => farm.name);
    frontEnd.printResult({ removed: name, farms: memberOf }, () => [
      `Removed ${name}${memberOf.length === 0 ? '' : `, also from ${memberOf.join(', ')}`}.`,
    ]);
  });
}

/** Gives jobs again to nodes that were set aside. One that was not stays as it is. */
export async function clearSetAside(frontEnd: TerminalFrontEnd, names: readonly string[]): Promise<number> {
  return forEachName(frontEnd, names, async (name) => {
    await frontEnd.call('nodes.useAgain', { name });
    frontEnd.printResult({ used: name }, () => [`${name} gets jobs again.`]);
  });
}

/** Prints the SSH configuration of a host. Notes about ignored settings go to standard error. */
export async function resolveConnection(
  frontEnd: TerminalFrontEnd,
  request: CallInput<'connections.resolve'>,
): Promise<number> {
  const resolved = await frontEnd.call('connections.resolve', request);
  frontEnd.printResult(resolved, () => resolved.lines.map(({ key, value }) => cleanLine(`${key} ${value}`)));
  frontEnd.printNotes(...resolved.notes.map((note) => `note: ${cleanLine(note)}`));
  return 0;
}

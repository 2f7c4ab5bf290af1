import type { NodeSelection } from '../../../shared/farm.ts';
import type { TerminalFrontEnd } from '../front-end.ts';

/** The names of the selected connections, also of those that do not exist. */
export async function selectedNames(
  frontEnd: TerminalFrontEnd,
  { farm: farmName, connections }: NodeSelection,
): Promise<readonly string[]> {
  const { farms, default: defaultFarm } = await frontEnd.call('farms.list', {});
  const farm = farms.find(({ name }) => name === (farmName ?? defaultFarm));
  return connections ?? farm?.connections ?? (await frontEnd.call('connections.list', {})).map(({ name }) => name);
}

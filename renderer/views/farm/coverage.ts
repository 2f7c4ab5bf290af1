import { type Mode, modeOf } from '../../../shared/farm.ts';
import type { Node, NodeStatus } from '../../../shared/node.ts';
import type { Platform } from '../../../shared/platform.ts';

/** A platform and the names of the nodes that can build it, in the order of the nodes. */
export interface Coverage {
  readonly platform: Platform;
  readonly native: readonly string[];
  readonly emulated: readonly string[];
  /** It is what one of the nodes is: a build without a choice is for these. */
  readonly isDefault: boolean;
}

/** What nodes can build together: what they are, then what else they run, then what they emulate; each by name. */
export function coverageOf(nodes: readonly Node[]): Coverage[] {
  const platforms = new Set(nodes.flatMap(({ platform, emulated }) => [platform, ...emulated]));
  const able = (platform: Platform, mode: Mode): string[] =>
    nodes.filter((node) => modeOf(node, platform) === mode).map(({ connection }) => connection);
  const rank = ({ isDefault, native }: Coverage): number => (isDefault ? 0 : native.length > 0 ? 1 : 2);
  return [...platforms]
    .map((platform) => ({
      platform,
      native: able(platform, 'native'),
      emulated: able(platform, 'emulated'),
      isDefault: nodes.some((node) => node.platform === platform),
    }))
    .sort((one, other) => rank(one) - rank(other) || (one.platform < other.platform ? -1 : 1));
}

/** `native on 2`, `emulated on 1`. Who runs it natively builds it, so others are not counted beside. */
export function coverageWords({ native, emulated }: Coverage): string {
  return native.length > 0 ? `native on ${native.length}` : `emulated on ${emulated.length}`;
}

/** The nodes that are up among statuses of which some may not be known yet. */
export function upNodes(statuses: readonly (NodeStatus | undefined)[]): Node[] {
  return statuses.flatMap((status) => (status?.state === 'up' ? [status.node] : []));
}

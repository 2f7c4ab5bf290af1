import type { Node, NodeStatus } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import { type Mode, modeOf, modesOf } from '../../shared/schedule.ts';
import { wordOf } from '../../shared/words.ts';

/** A platform, and the names of the nodes that can build it. */
export interface Coverage {
  readonly platform: Platform;
  readonly native: readonly string[];
  readonly emulated: readonly string[];
  /** How many machines build it natively or, if there are none, with emulation. */
  readonly machineCount: number;
  /** True if it is the own platform of a node. A build without selected platforms builds these. */
  readonly isDefault: boolean;
}

/** The platforms that nodes can build: their own, then others that run natively, then emulated ones; each group by name. */
export function computeCoverage(nodes: readonly Node[]): Coverage[] {
  const platforms = new Set(nodes.flatMap((node) => [...modesOf(node).keys()]));
  const nodesWith = (platform: Platform, mode: Mode): string[] =>
    nodes.filter((node) => modeOf(node, platform) === mode).map(({ connection }) => connection);
  const rank = ({ isDefault, native }: Coverage): number => (isDefault ? 0 : native.length > 0 ? 1 : 2);
  const machines = new Map(nodes.map(({ connection, machineId = connection }) => [connection, machineId]));
  return [...platforms]
    .map((platform) => {
      const native = nodesWith(platform, 'native');
      const emulated = nodesWith(platform, 'emulated');
      return {
        platform,
        native,
        emulated,
        machineCount: new Set((native.length > 0 ? native : emulated).map((name) => machines.get(name))).size,
        isDefault: nodes.some((node) => node.platform === platform),
      };
    })
    .sort((a, b) => rank(a) - rank(b) || (a.platform < b.platform ? -1 : 1));
}

/**
 * `native on 2`, `emulated on 1`: how many machines build a platform, however many connections lead to them. Emulating ones
 * are not counted if there is a native one, because only that one builds.
 */
export function formatCoverage({ native, machineCount }: Coverage): string {
  return `${wordOf(native.length > 0 ? 'native' : 'emulated')} on ${machineCount}`;
}

/** @param statuses undefined for a node that was never probed */
export function upNodes(statuses: readonly (NodeStatus | undefined)[]): Node[] {
  return statuses.flatMap((status) => (status?.state === 'up' ? [status.node] : []));
}

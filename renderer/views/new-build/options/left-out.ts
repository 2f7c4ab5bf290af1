/** Which nodes an option leaves out of a build, and why. */
import { optionRow, type RequestOptionName } from '../../../../shared/build-options.ts';
import { formatCount, formatList } from '../../../../shared/format.ts';
import { type BuilderFacts, unsupportedReason } from '../../../../shared/option-support.ts';

/** A node that is up. */
export type OptionNode = BuilderFacts & { readonly connection: string };

/** More reasons than these are counted. Farms with many versions of an engine have many. */
const maxReasons = 3;
const maxNames = 4;

/** Undefined if the value leaves out no node. @param farm whose nodes they are; undefined for a list of nodes */
export function leftOutText(
  nodes: readonly OptionNode[],
  farm: string | undefined,
  name: RequestOptionName,
  value: unknown,
): string | undefined {
  const byReason = new Map<string, string[]>();
  for (const node of nodes) {
    const reason = unsupportedReason(node, name, value);
    if (reason !== undefined) {
      byReason.set(reason, [...(byReason.get(reason) ?? []), node.connection]);
    }
  }
  const reasons = [...byReason];
  const leftOut = reasons.flatMap(([, names]) => names);
  if (leftOut.length === 0) {
    return undefined;
  }
  if (leftOut.length === nodes.length) {
    return `No node${farm === undefined ? '' : ` of ${farm}`} can do this: ${shortly(reasons.map(([reason]) => reason)).join('; ')}.`;
  }
  const sentences = reasons
    .slice(0, maxReasons)
    .map(([reason, names]) => `Leaves out ${formatList(shownNames(names))}: ${reason}.`);
  const rest = reasons.slice(maxReasons).flatMap(([, names]) => names);
  return [
    ...sentences,
    ...(rest.length > 0 ? [`Leaves out ${formatCount(rest.length, 'more node', 'more nodes')}.`] : []),
  ].join(' ');
}

/** Why no node can do what an option stands for, before it is changed. */
export function impossibleText(
  nodes: readonly OptionNode[],
  farm: string | undefined,
  name: RequestOptionName,
): string | undefined {
  const { kind, isOn = false } = optionRow(name);
  // other kinds are limited as a whole, or for single values that this is none of
  const value = kind === 'switch' ? !isOn : 'other';
  return nodes.every((node) => unsupportedReason(node, name, value) !== undefined)
    ? leftOutText(nodes, farm, name, value)
    : undefined;
}

function shortly(reasons: readonly string[]): readonly string[] {
  return reasons.length > maxReasons ? [...reasons.slice(0, maxReasons), 'and so on'] : reasons;
}

function shownNames(names: readonly string[]): readonly string[] {
  return names.length > maxNames ? [...names.slice(0, maxNames - 1), `${names.length - maxNames + 1} more`] : names;
}

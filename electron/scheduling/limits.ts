import type { BuildRequest } from '../../shared/build.ts';
import { type Capabilities, limitedOptionNames, limitName, type Node } from '../../shared/node.ts';
import { fail, type Problem } from '../../shared/problem.ts';

/** The options of a build request that an engine may not support. */
export type LimitedOptions = Partial<Pick<BuildRequest, 'pull' | 'retention'>>;

/** The first of the options that the engine of a node does not support, as `the pull policy "never"`. */
export function unsupportedOption(node: Node, options: LimitedOptions): string | undefined {
  const limit = findLimit(node, options);
  return limit && `the ${limitName(limit)}`;
}

/** Why the engine of a node cannot do what a build asks for, whatever the platform. Undefined if it can. */
export function limitProblem(node: Node, options: LimitedOptions): Problem | undefined {
  const limit = findLimit(node, options);
  return (
    limit &&
    fail(
      'engine.unsupported',
      `Node ${node.connection} does not support the ${limitName(limit)}: ${limit.reason}.`,
      `Choose another ${limitedOptionNames[limit.option]}, or build on nodes with another engine.`,
    ).problem
  );
}

function findLimit({ capabilities }: Node, options: LimitedOptions): Capabilities['limits'][number] | undefined {
  return capabilities.limits.find(({ option, value }) => options[option] === value);
}

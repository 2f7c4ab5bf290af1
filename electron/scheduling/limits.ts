import type { BuildRequest } from '../../shared/build.ts';
import type { Capabilities, Node } from '../../shared/node.ts';
import { fail, type Problem } from '../../shared/problem.ts';

/** The options of a build request that an engine may not support. */
export type LimitedOptions = Partial<Pick<BuildRequest, 'pull' | 'retention'>>;

const optionNames = { pull: 'pull policy', retention: 'image retention' } as const;

/** The first of the options that the engine of a node does not support, as `the pull policy "never"`. */
export function unsupportedOption(node: Node, options: LimitedOptions): string | undefined {
  const limit = findLimit(node, options);
  return limit && `the ${optionNames[limit.option]} "${limit.value}"`;
}

/** Why the engine of a node cannot do what a build asks for, whatever the platform. Undefined if it can. */
export function limitProblem(node: Node, options: LimitedOptions): Problem | undefined {
  const limit = findLimit(node, options);
  return (
    limit &&
    fail(
      'engine.unsupported',
      `Node ${node.connection} does not support ${unsupportedOption(node, options)}: ${limit.reason}.`,
      `Choose another ${optionNames[limit.option]}, or build on nodes with another engine.`,
    ).problem
  );
}

function findLimit({ capabilities }: Node, options: LimitedOptions): Capabilities['limits'][number] | undefined {
  return capabilities.limits.find(({ option, value }) => options[option] === value);
}

import { type OptionValues, optionRow } from '../../shared/build-options.ts';
import type { Node } from '../../shared/node.ts';
import { limitName, unsupportedOptions } from '../../shared/option-support.ts';
import { fail, type Problem } from '../../shared/problem.ts';

/** The first of the options that the builder of a node does not support, as `the pull policy "never"` or `DNS servers`. */
export function unsupportedOption(node: Node, options: OptionValues): string | undefined {
  const [limit] = unsupportedOptions(node, options);
  return limit && limitName(limit);
}

/** What decides whether a node gets jobs of a build, besides the platforms. */
export interface UsableInput extends OptionValues {
  readonly unavailable?: Readonly<Record<string, Problem>>;
}

/** Why a node gets no jobs of a build, whatever the platform. Undefined if it may get some. */
export function exclusionProblem(node: Node, input: UsableInput): Problem | undefined {
  const { connection } = node;
  if (input.exclude?.includes(connection)) {
    return fail('schedule.excluded', `Node ${connection} is excluded from this build.`, 'Include it again to use it.')
      .problem;
  }
  return input.unavailable?.[connection] ?? limitProblem(node, input);
}

/** Why the builder of a node cannot do what a build asks for, whatever the platform. Undefined if it can. */
export function limitProblem(node: Node, options: OptionValues): Problem | undefined {
  const [limit, ...others] = unsupportedOptions(node, options);
  if (!limit) {
    return undefined;
  }
  const also =
    others.length > 0 ? ` It does not support ${others.map((each) => limitName(each)).join(', ')} either.` : '';
  const { kind, name } = optionRow(limit.option);
  const fix = kind === 'choice' && limit.value !== undefined ? `Choose another ${name}` : 'Leave it out';
  return fail(
    'engine.unsupported',
    `Node ${node.connection} does not support ${limitName(limit)}: ${limit.reason}.${also}`,
    `${fix}, or build on nodes with another engine.`,
  ).problem;
}

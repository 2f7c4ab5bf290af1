/** What the builder of a node does not support of the options of a build. */
import {
  type Builder,
  isChanged,
  type OptionValues,
  optionRow,
  type RequestOptionName,
  requestOptionNames,
  type Support,
  supportOf,
} from './build-options.ts';
import { compareVersions } from './format.ts';
import type { Node } from './node.ts';

export type BuilderFacts = Pick<Node, 'engine' | 'builder' | 'version' | 'storesInContainerd'>;

/** An option that a builder does not support, or a value of one. */
export interface UnsupportedOption {
  readonly option: RequestOptionName;
  /** Of an option that is supported with other values. */
  readonly value?: string;
  /** Completes "It does not support that, because …". */
  readonly reason: string;
}

export function builderOf({ engine, builder }: Pick<Node, 'engine' | 'builder'>): Builder {
  return engine === 'docker' && builder === 'classic' ? 'classic' : engine;
}

/** Why the builder of a node does not support a value of an option. Undefined if it does. */
export function unsupportedReason(node: BuilderFacts, name: RequestOptionName, value: unknown): string | undefined {
  return unsupported(node, name, value)?.reason;
}

const builders: readonly Builder[] = ['podman', 'docker', 'classic', 'buildkit'];

/** Whether an option can change which nodes build a platform. */
export function decidesSchedule(name: RequestOptionName): boolean {
  const isLimited = (support: Support): boolean =>
    'no' in support || support.since !== undefined || support.except !== undefined;
  return name === 'emulate' || builders.some((builder) => isLimited(supportOf(name, builder)));
}

/** The options of a build that the builder of a node does not support. */
export function unsupportedOptions(node: BuilderFacts, values: OptionValues): UnsupportedOption[] {
  return requestOptionNames.flatMap((option) => unsupported(node, option, values[option]) ?? []);
}

function unsupported(node: BuilderFacts, option: RequestOptionName, value: unknown): UnsupportedOption | undefined {
  if (!isChanged(option, value)) {
    return undefined;
  }
  const limit = limitsOf(node, option).find((each) => each.value === undefined || each.value === String(value));
  const support = supportOf(option, builderOf(node));
  const reason = 'refuses' in support ? support.refuses?.(value, node) : undefined;
  return limit ?? (reason === undefined ? undefined : { option, value: '', reason });
}

/** All that the builder of a node does not support. */
export function allLimits(node: BuilderFacts): UnsupportedOption[] {
  return requestOptionNames.flatMap((option) => limitsOf(node, option));
}

function limitsOf(node: BuilderFacts, option: RequestOptionName): UnsupportedOption[] {
  const support = supportOf(option, builderOf(node));
  if ('no' in support) {
    return [{ option, reason: support.no }];
  }
  const { since, except = {} } = support;
  if (since !== undefined && compareVersions(node.version, since) < 0) {
    return [{ option, reason: `it needs ${since} or newer, and the node has ${node.version}` }];
  }
  return Object.entries(except).map(([value, reason]) => ({ option, value, reason }));
}

/** As in "It does not support …": `the pull policy "never"`, `DNS servers`. */
export function limitName({ option, value }: Pick<UnsupportedOption, 'option' | 'value'>): string {
  const { name, ability = name, kind } = optionRow(option);
  return value === undefined || kind !== 'choice' ? ability : `the ${name} "${value}"`;
}

/** What a node cannot do, each as a sentence. */
export function limitTexts(node: BuilderFacts & Pick<Node, 'capabilities'>): string[] {
  return [
    ...allLimits(node)
      .filter(isOfChoice)
      .map(({ option, value, reason }) => `No ${optionRow(option).name} "${value}": ${reason}.`),
    ...(node.capabilities.notes ?? []),
  ];
}

/** The options that a node does not support, as a sentence. Few builds use them. */
export function unsupportedText(node: BuilderFacts): string | undefined {
  const names = allLimits(node).flatMap((limit) => (isOfChoice(limit) ? [] : limitName(limit)));
  return names.length > 0 ? `Not supported: ${names.join(', ')}.` : undefined;
}

function isOfChoice({ option, value }: UnsupportedOption): boolean {
  return value !== undefined && optionRow(option).kind === 'choice';
}

import type { OutputState } from './output-state.ts';

/** The outputs of a build with the state of one, which replaces an earlier attempt at it. */
export function withOutput(outputs: readonly OutputState[] | undefined, changed: OutputState): OutputState[] {
  const all = outputs ?? [];
  const index = all.findIndex(({ output }) => output === changed.output);
  return index < 0 ? [...all, changed] : all.map((each, at) => (at === index ? changed : each));
}

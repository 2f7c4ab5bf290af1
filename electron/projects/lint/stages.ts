import { type ParsedContainerfile, type ParsedInstruction, splitFlags, stageName } from '../parse-containerfile.ts';

/** A stage with its instructions. */
export interface Stage {
  readonly index: number;
  readonly from: ParsedInstruction;
  /** What FROM names, with variables. */
  readonly base: string;
  readonly name: string | undefined;
  /** Without FROM. */
  readonly instructions: readonly ParsedInstruction[];
}

/** The stages of a Containerfile, and what is before them. */
export interface Stages {
  readonly before: readonly ParsedInstruction[];
  readonly all: readonly Stage[];
  /** The last stage before another with a name, or with a number. Undefined: there is none. */
  find(name: string, before: number, acceptsNumber?: boolean): Stage | undefined;
}

export function splitStages({ instructions }: ParsedContainerfile): Stages {
  const starts = instructions.flatMap(({ keyword }, position) => (keyword === 'FROM' ? [position] : []));
  const all = starts.map((start, index): Stage => {
    const [from, ...own] = instructions.slice(start, starts[index + 1]);
    const rest = from?.rest ?? '';
    return {
      index,
      from: from as ParsedInstruction,
      base: splitFlags(rest).words[0] ?? '',
      name: stageName(rest),
      instructions: own,
    };
  });
  /** Name in lower case → the stages with it. */
  const byName = new Map<string, Stage[]>();
  for (const stage of all) {
    const key = stage.name?.toLowerCase() ?? '';
    byName.set(key, [...(byName.get(key) ?? []), stage]);
  }
  return {
    before: instructions.slice(0, starts[0] ?? instructions.length),
    all,
    find: (name, before, acceptsNumber = true) => {
      const named = name === '' ? undefined : byName.get(name.toLowerCase())?.findLast(({ index }) => index < before);
      return named ?? (acceptsNumber && /^\d+$/.test(name) && Number(name) < before ? all[Number(name)] : undefined);
    },
  };
}

/** The numbers of the stages that the target is made of. Names that are not plain may name any stage. */
export function neededStages(stages: Stages, target: string | undefined): ReadonlySet<number> {
  const count = stages.all.length;
  const needed = new Set<number>();
  const rest = [target === undefined ? stages.all.at(-1) : stages.find(target, count)];
  for (let stage = rest.pop(); stage !== undefined || rest.length > 0; stage = rest.pop()) {
    if (!stage || needed.has(stage.index)) {
      continue;
    }
    const { index, base, instructions } = stage;
    needed.add(index);
    rest.push(stages.find(base, index, false));
    for (const { text } of instructions) {
      for (const [, first, second] of text.matchAll(/--from=(\S+)|\bfrom=([^,\s]+)/g)) {
        rest.push(stages.find(first ?? second ?? '', index));
      }
    }
  }
  return needed;
}

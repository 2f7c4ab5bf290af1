import type { Instruction } from '../../shared/project.ts';
import type { EngineStep } from './engine.ts';

/** A step by the number of its stage in the Containerfile, from 0, and its number in the stage, from 1. */
export interface StepPosition {
  readonly stage: number;
  readonly number: number;
}

/** What an engine calls a step, and how it counts. */
export interface EngineCount {
  readonly name?: string;
  /** The number of steps in the step's stage. */
  readonly stageLength?: number;
  readonly stageCount?: number | undefined;
  /** The name of a stage that is not in the Containerfile. */
  readonly stageName?: string | undefined;
}

export interface Stage {
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
  /** The numbers of the stages that each instruction uses. */
  readonly sources: readonly (readonly number[])[];
}

/** More stages than a Containerfile has. Those of a project and numbers that come from nodes are not trusted. */
const maxStages = 1000;

/**
 * Counts the steps of a build in one way for all engines: over all stages that the target needs, in the order of the
 * Containerfile. Where an engine runs other steps than the Containerfile has, such as those of a base image (ONBUILD), its own
 * count of a stage's steps is used from then on.
 */
export class ContainerfileSteps {
  /** The number of the stage to build. -1 if there is none. */
  readonly lastStage: number;
  readonly #stages: readonly Stage[];
  /** The number of steps of each stage that is built. */
  readonly #lengths = new Map<number, number>();

  /**
   * @param target the name or number of the stage to build. Default: the last one.
   * @param buildsAll the engine also builds the stages before the target that it does not need
   */
  constructor(instructions: readonly Instruction[], target?: string, buildsAll = false) {
    this.#stages = parseStages(instructions);
    const last = target === undefined ? undefined : findStage(this.#stages, target);
    this.lastStage = last ?? this.#stages.length - 1;
    const all = this.#stages.slice(0, this.lastStage + 1).keys();
    for (const stage of buildsAll ? all : neededStages(this.#stages, this.lastStage)) {
      this.#lengths.set(stage, this.instructionCount(stage));
    }
  }

  get stageCount(): number {
    return this.#stages.length;
  }

  /** The number of instructions of a stage. 0 for a stage that is not in the Containerfile. */
  instructionCount(stage: number): number {
    return this.#stages[stage]?.instructions.length ?? 0;
  }

  instruction({ stage, number }: StepPosition): Instruction | undefined {
    return this.#stages[stage]?.instructions[number - 1];
  }

  /** The steps of all stages that are built, in order. With more than `limit`, only the first ones. */
  all(limit: number): EngineStep[] {
    const stages = [...this.#lengths.keys()].sort((a, b) => a - b);
    const positions = stages.flatMap((stage) =>
      Array.from({ length: this.instructionCount(stage) }, (_, index) => ({ stage, number: index + 1 })),
    );
    return positions.slice(0, limit).map((position) => this.step(position));
  }

  /** The instruction of a stage that has this line. */
  positionAt(line: number): StepPosition | undefined {
    for (const [stage, { instructions }] of this.#stages.entries()) {
      const index = instructions.findIndex(({ firstLine, lastLine }) => firstLine <= line && line <= lastLine);
      if (index >= 0) {
        return { stage, number: index + 1 };
      }
    }
    return undefined;
  }

  /** The number of the stage with this name. */
  stageNamed(name: string): number | undefined {
    return findStage(this.#stages, name);
  }

  /** For an engine that runs more or fewer steps in a stage than it has instructions. */
  setLength(stage: number, length: number): void {
    this.#lengths.set(stage, length);
  }

  step(position: StepPosition, engine: EngineCount = {}): EngineStep {
    const { stage, number } = position;
    const length = engine.stageLength ?? this.#lengths.get(stage) ?? this.instructionCount(stage);
    this.#lengths.set(stage, Math.max(length, number));
    const known = [...this.#lengths];
    const sum = (lengths: typeof known): number => lengths.reduce((total, [, each]) => total + each, 0);
    const instruction = this.instruction(position);
    const name = engine.name ?? instruction?.text ?? '';
    const label = engine.stageName ?? this.#label(stage, engine.stageCount);
    const inputs = this.#inputs(position);
    return {
      id: stepId(position),
      index: sum(known.filter(([each]) => each < stage)) + number,
      total: sum(known),
      name,
      ...(label === undefined ? {} : { stage: label }),
      ...(inputs.length === 0 ? {} : { inputs }),
      ...(instruction && keywordOf(instruction.text) === keywordOf(name) ? { line: instruction.firstLine } : {}),
    };
  }

  /** The name of a stage. Undefined if there is only one. */
  #label(stage: number, stageCount = 1): string | undefined {
    const isOnly = Math.max(this.#stages.length, this.#lengths.size, stageCount) < 2;
    return isOnly ? undefined : (this.#stages[stage]?.name ?? `stage ${stage + 1}`);
  }

  #inputs({ stage, number }: StepPosition): string[] {
    const sources = this.#stages[stage]?.sources[number - 1] ?? [];
    return [
      ...(number > 1 ? [stepId({ stage, number: number - 1 })] : []),
      ...sources.map((source) =>
        stepId({ stage: source, number: this.#lengths.get(source) ?? this.instructionCount(source) }),
      ),
    ];
  }
}

export function stepId({ stage, number }: StepPosition): string {
  return `${stage}:${number}`;
}

/** The first word of an instruction in capital letters, such as `RUN`. */
export function keywordOf(text: string | undefined): string {
  return /^\s*([a-z]+)/i.exec(text ?? '')?.[1]?.toUpperCase() ?? '';
}

/** The first instruction with a here-document (`<<EOF`), which old builders do not read to its end. */
export function findHereDocument(instructions: readonly Instruction[]): Instruction | undefined {
  return instructions.find(({ text }) => /^\s*(?:RUN|COPY|ADD)\s/i.test(text) && /\s\d*<<-?["']?\w/.test(text));
}

/** Instructions before the first FROM are not steps. */
export function parseStages(instructions: readonly Instruction[]): Stage[] {
  const starts = instructions.flatMap(({ text }, position) => (keywordOf(text) === 'FROM' ? [position] : []));
  const stages: Stage[] = [];
  /** Name in lower case → the number of the last stage with it. */
  const numbers = new Map<string, number>();
  for (const [index, start] of starts.slice(0, maxStages).entries()) {
    const own = instructions.slice(start, starts[index + 1]);
    const [, name] = /\sAS\s+(\S+)\s*$/i.exec(own[0]?.text ?? '') ?? [];
    const sources = own.map(({ text }) =>
      sourceNames(text).flatMap(
        (source) =>
          numbers.get(source.toLowerCase()) ?? (keywordOf(text) === 'FROM' ? [] : (stageOf(stages, source) ?? [])),
      ),
    );
    stages.push({ name, instructions: own, sources });
    if (name !== undefined) {
      numbers.set(name.toLowerCase(), index);
    }
  }
  return stages;
}

/** The names of stages or images that an instruction uses. */
export function sourceNames(text: string): string[] {
  switch (keywordOf(text)) {
    case 'FROM':
      return [/^\s*FROM\s+(?:--\S+\s+)*(\S+)/i.exec(text)?.[1] ?? ''];
    case 'COPY':
    case 'ADD':
      return [/\s--from=(\S+)/.exec(text)?.[1] ?? ''];
    case 'RUN':
      return [...text.matchAll(/\s--mount=\S*?\bfrom=([^,\s]+)/g)].map(([, name = '']) => name);
    default:
      return [];
  }
}

/** @param acceptsNumber FROM names stages, other instructions may use their numbers */
export function findStage(stages: readonly Stage[], name: string, acceptsNumber = true): number | undefined {
  const named = stages.findLastIndex((stage) => stage.name?.toLowerCase() === name.toLowerCase());
  return named >= 0 ? named : acceptsNumber ? stageOf(stages, name) : undefined;
}

/** The stage with this number. */
function stageOf(stages: readonly Stage[], number: string): number | undefined {
  return /^\d+$/.test(number) && stages[Number(number)] ? Number(number) : undefined;
}

/** The stages that a stage is made of, itself included. */
function neededStages(stages: readonly Stage[], last: number): Set<number> {
  const needed = new Set<number>();
  const rest = stages[last] ? [last] : [];
  for (let stage = rest.pop(); stage !== undefined; stage = rest.pop()) {
    if (!needed.has(stage)) {
      needed.add(stage);
      rest.push(...(stages[stage]?.sources.flat() ?? []));
    }
  }
  return needed;
}

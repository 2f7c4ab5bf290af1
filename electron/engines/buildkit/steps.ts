import type { Instruction } from '../../../shared/project.ts';
import { ContainerfileSteps, type EngineCount, keywordOf, type StepPosition, stepId } from '../containerfile-steps.ts';
import type { EngineStep } from '../engine.ts';

interface CountedInstructions {
  /** Numbers of the instructions that BuildKit counts, in their stage and from 1. */
  readonly withFrom: readonly number[];
  /** The same if FROM names no image, but `scratch` or an earlier stage. */
  readonly withoutFrom: readonly number[];
}

/** A step of BuildKit: where it is, and what BuildKit calls it if the Containerfile has no such instruction. */
export interface FoundStep {
  readonly position: StepPosition;
  readonly engine: EngineCount;
}

/** BuildKit's name of the operation of an instruction, such as `[linux/arm64 build 2/3] RUN make`. Takes linear time. */
const namePattern = /^\[(?:[^\s/]+\/\S+ )?(?:(\S+) )?(\d{1,6})\/(\d{1,6})\] (.*)$/s;

/** More stages that are not in the Containerfile than a frontend has. Their names come from nodes. */
const maxUnknownStages = 100;

/**
 * Finds the instructions of BuildKit's operations. BuildKit counts only instructions that change files (FROM with an image,
 * RUN, COPY, ADD, WORKDIR), substitutes variables, and pins images to digests. Here each instruction of the Containerfile is a
 * step, so that builds have the same steps on all engines.
 */
export class BuildKitSteps {
  readonly #file: ContainerfileSteps;
  readonly #counted: readonly CountedInstructions[];
  readonly #unknownStages = new Map<string, number>();

  constructor(instructions: readonly Instruction[], target?: string) {
    this.#file = new ContainerfileSteps(instructions, target);
    this.#counted = Array.from({ length: this.#file.stageCount }, (_, stage) => countedInstructions(this.#file, stage));
  }

  /**
   * Is this an operation that the build shares with another one at the same time, which began it and whose stage it is named by?
   * Only a frontend that reads no Containerfile has stages of its own.
   */
  isNamedByOther(name: string): boolean {
    const [, label, number = ''] = namePattern.exec(name) ?? [];
    return number !== '' && this.#file.stageCount > 0 && this.#knownStage(label) === undefined;
  }

  /** The step of an operation with this name. Undefined for BuildKit's internal operations, and those named by another build. */
  find(name: string): FoundStep | undefined {
    const [, label, number = '', count = '', text = ''] = namePattern.exec(name) ?? [];
    if (number === '' || this.isNamedByOther(name)) {
      return undefined;
    }
    const stage = this.#stageOf(label);
    const counted = this.#counted[stage];
    const numbers = [counted?.withFrom, counted?.withoutFrom].find((some) => some?.length === Number(count));
    const position = { stage, number: numbers?.[Number(number) - 1] ?? Number(number) };
    const instruction = this.#file.instruction(position);
    if (numbers && keywordOf(instruction?.text) === keywordOf(text)) {
      return { position, engine: {} };
    }
    // The build has a frontend of its own, or the base image adds instructions (ONBUILD).
    const engine: EngineCount = {
      name: text.replace(/@sha256:[0-9a-f]{64}$/, ''),
      stageLength: Number(count),
      stageName: stage < this.#file.stageCount ? undefined : label,
    };
    return { position: { stage, number: Number(number) }, engine };
  }

  /** The id of the step whose instruction has this line of the Containerfile. */
  idAt(line: number): string | undefined {
    const position = this.#file.positionAt(line);
    return position && stepId(position);
  }

  step({ position, engine }: FoundStep): EngineStep {
    return this.#file.step(position, engine);
  }

  /** The steps before and after this one in the same stage. */
  siblings({ position, engine }: FoundStep): { readonly before: FoundStep[]; readonly after: FoundStep[] } {
    if (engine.name !== undefined) {
      return { before: [], after: [] };
    }
    const { stage, number } = position;
    const all = Array.from({ length: this.#file.instructionCount(stage) }, (_, index) => ({
      position: { stage, number: index + 1 },
      engine: {},
    }));
    return { before: all.slice(0, number - 1), after: all.slice(number) };
  }

  /** @param label the name of a stage, or `stage-N` if it has none; undefined if there is only one stage */
  #knownStage(label = ''): number | undefined {
    const named = label === '' ? (this.#file.stageCount === 1 ? 0 : undefined) : this.#file.stageNamed(label);
    const [, number] = /^stage-(\d+)$/.exec(label) ?? [];
    const stage = named ?? (number === undefined ? undefined : Number(number));
    return stage !== undefined && stage < this.#file.stageCount ? stage : undefined;
  }

  #stageOf(label = ''): number {
    const known = this.#knownStage(label);
    if (known !== undefined) {
      return known;
    }
    const { size } = this.#unknownStages;
    const unknown = this.#unknownStages.get(label) ?? size;
    if (size < maxUnknownStages) {
      this.#unknownStages.set(label, unknown);
    }
    return this.#file.stageCount + unknown;
  }
}

function countedInstructions(file: ContainerfileSteps, stage: number): CountedInstructions {
  const numbers = Array.from({ length: file.instructionCount(stage) }, (_, index) => index + 1);
  const withoutFrom = numbers.filter((number) =>
    ['RUN', 'COPY', 'ADD', 'WORKDIR'].includes(keywordOf(file.instruction({ stage, number })?.text)),
  );
  return { withFrom: [1, ...withoutFrom], withoutFrom };
}

import type { StepPosition } from '../engine.ts';

/** A step of a build as Barnraiser numbers them: every instruction of its stage counts, as it does in podman. */
export interface DockerStep extends StepPosition {
  readonly total: number;
  readonly text: string;
}

interface Stage {
  readonly name: string | undefined;
  readonly instructions: readonly string[];
  /** Positions of the instructions that BuildKit counts. */
  readonly countedPositions: readonly number[];
  /** The same if FROM names no image, but `scratch` or an earlier stage. */
  readonly countedPositionsWithoutFrom: readonly number[];
}

/** BuildKit's name of the operation of an instruction, such as `[linux/arm64 build 2/3] RUN make`. */
const namePattern = /^\[(?:\S+\/\S+ )?(?:(\S+) )?(\d+)\/(\d+)\] (.*)$/s;

/**
 * Finds the instructions of BuildKit's operations. BuildKit counts only instructions that change files (FROM with an image,
 * RUN, COPY, ADD, WORKDIR), substitutes variables, and pins images to digests. Here each instruction of the Containerfile is a
 * step, so that builds have the same steps on all engines.
 */
export class DockerSteps {
  readonly #stages: readonly Stage[];

  /** @param instructions the instructions of the Containerfile, one line each */
  constructor(instructions: readonly string[]) {
    this.#stages = parseStages(instructions);
  }

  /** The step of an operation with this name. Undefined for BuildKit's internal operations. */
  find(name: string): DockerStep | undefined {
    const [, label, number = '', count = '', text = ''] = namePattern.exec(name) ?? [];
    if (number === '') {
      return undefined;
    }
    const stage = this.#findStage(label);
    const positions = [stage?.countedPositions, stage?.countedPositionsWithoutFrom].find(
      (some) => some?.length === Number(count),
    );
    const position = positions?.[Number(number) - 1];
    if (stage && position !== undefined && keywordOf(stage.instructions[position]) === keywordOf(text)) {
      return this.#stepAt(stage, position);
    }
    // The build has a frontend of its own, or the base image adds instructions (ONBUILD).
    const textWithoutDigest = text.replace(/@sha256:[0-9a-f]{64}$/, '');
    return {
      index: Number(number),
      total: Number(count),
      text: textWithoutDigest,
      ...(label ? { stage: label } : {}),
    };
  }

  /** The steps before and after this one in the same stage. */
  siblings(step: DockerStep): { readonly before: readonly DockerStep[]; readonly after: readonly DockerStep[] } {
    const stage = this.#stages.find((some, index) => this.#stageLabel(index) === step.stage && contains(some, step));
    const all = stage?.instructions.map((_, position) => this.#stepAt(stage, position)) ?? [];
    return { before: all.slice(0, step.index - 1), after: all.slice(step.index) };
  }

  /** @param label the name of a stage, or `stage-N` if it has none; undefined if there is only one stage */
  #findStage(label: string | undefined): Stage | undefined {
    if (label === undefined) {
      return this.#stages.length === 1 ? this.#stages[0] : undefined;
    }
    const named = this.#stages.find(({ name }) => name?.toLowerCase() === label.toLowerCase());
    const [, number] = /^stage-(\d+)$/.exec(label) ?? [];
    return named ?? (number === undefined ? undefined : this.#stages[Number(number)]);
  }

  #stepAt(stage: Stage, position: number): DockerStep {
    const { instructions } = stage;
    const label = this.#stageLabel(this.#stages.indexOf(stage));
    const text = instructions[position] ?? '';
    return { index: position + 1, total: instructions.length, text, ...(label === undefined ? {} : { stage: label }) };
  }

  /** The stage's number and the number of stages, such as `2/3`. Undefined if there is only one stage. */
  #stageLabel(index: number): string | undefined {
    return this.#stages.length > 1 ? `${index + 1}/${this.#stages.length}` : undefined;
  }
}

function contains({ instructions }: Stage, { index, total, text }: DockerStep): boolean {
  return instructions.length === total && instructions[index - 1] === text;
}

function parseStages(instructions: readonly string[]): Stage[] {
  const starts = instructions.flatMap((text, position) => (keywordOf(text) === 'FROM' ? [position] : []));
  return starts.map((start, index) => {
    const ownInstructions = instructions.slice(start, starts[index + 1]);
    const isCounted = (text: string) => ['RUN', 'COPY', 'ADD', 'WORKDIR'].includes(keywordOf(text));
    const countedPositionsWithoutFrom = ownInstructions.flatMap((text, position) =>
      isCounted(text) ? [position] : [],
    );
    const [, name] = /\sAS\s+(\S+)\s*$/i.exec(ownInstructions[0] ?? '') ?? [];
    return {
      name,
      instructions: ownInstructions,
      countedPositions: [0, ...countedPositionsWithoutFrom],
      countedPositionsWithoutFrom,
    };
  });
}

/** The first word of an instruction in capital letters, such as `RUN`. */
function keywordOf(text: string | undefined): string {
  return /^\s*([a-z]+)/i.exec(text ?? '')?.[1]?.toUpperCase() ?? '';
}

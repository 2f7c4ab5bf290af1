import type { StepPlace } from '../engine.ts';

/** A step of a build as Barnraiser numbers them: every instruction of its stage counts, as podman does it. */
export interface DockerStep extends StepPlace {
  readonly total: number;
  readonly text: string;
}

interface Stage {
  readonly name: string | undefined;
  readonly instructions: readonly string[];
  /** Positions of the instructions that BuildKit counts. */
  readonly counted: readonly number[];
  /** The same where FROM names what is no image: nothing, or a stage before it. */
  readonly countedWithoutFrom: readonly number[];
}

/** `[linux/arm64 build 2/3] RUN make`: what BuildKit calls the operation of an instruction. */
const namePattern = /^\[(?:\S+\/\S+ )?(?:(\S+) )?(\d+)\/(\d+)\] (.*)$/s;

/**
 * Finds the instructions that BuildKit's operations stand for. BuildKit counts those only that make something (FROM an image, RUN,
 * COPY, ADD, WORKDIR), fills in variables and pins images to digests; here a step is an instruction of the Containerfile,
 * so that builds on all engines have the same steps.
 */
export class DockerSteps {
  readonly #stages: readonly Stage[];

  /** @param instructions those of the Containerfile, each on one line. */
  constructor(instructions: readonly string[]) {
    this.#stages = stagesOf(instructions);
  }

  /** The step that an operation of this name is; undefined for what BuildKit does on its own account. */
  find(name: string): DockerStep | undefined {
    const [, label, number = '', count = '', text = ''] = namePattern.exec(name) ?? [];
    if (number === '') {
      return undefined;
    }
    const stage = this.#stageOf(label);
    const counted = [stage?.counted, stage?.countedWithoutFrom].find((some) => some?.length === Number(count));
    const position = counted?.[Number(number) - 1];
    if (stage && position !== undefined && wordOf(stage.instructions[position]) === wordOf(text)) {
      return this.#step(stage, position);
    }
    // a frontend of its own, or instructions that a base image brings along (ONBUILD)
    const shortened = text.replace(/@sha256:[0-9a-f]{64}$/, '');
    return { index: Number(number), total: Number(count), text: shortened, ...(label ? { stage: label } : {}) };
  }

  /** The steps of the same stage that come before this one, or after it. */
  around(step: DockerStep): { readonly before: readonly DockerStep[]; readonly after: readonly DockerStep[] } {
    const stage = this.#stages.find((some, index) => this.#placeOf(index) === step.stage && isIn(some, step));
    const all = stage?.instructions.map((_, position) => this.#step(stage, position)) ?? [];
    return { before: all.slice(0, step.index - 1), after: all.slice(step.index) };
  }

  #stageOf(label: string | undefined): Stage | undefined {
    if (label === undefined) {
      return this.#stages.length === 1 ? this.#stages[0] : undefined;
    }
    const named = this.#stages.find(({ name }) => name?.toLowerCase() === label.toLowerCase());
    const [, number] = /^stage-(\d+)$/.exec(label) ?? [];
    return named ?? (number === undefined ? undefined : this.#stages[Number(number)]);
  }

  #step(stage: Stage, position: number): DockerStep {
    const { instructions } = stage;
    const place = this.#placeOf(this.#stages.indexOf(stage));
    const text = instructions[position] ?? '';
    return { index: position + 1, total: instructions.length, text, ...(place === undefined ? {} : { stage: place }) };
  }

  /** `2/3`, where there are several. */
  #placeOf(index: number): string | undefined {
    return this.#stages.length > 1 ? `${index + 1}/${this.#stages.length}` : undefined;
  }
}

function isIn({ instructions }: Stage, { index, total, text }: DockerStep): boolean {
  return instructions.length === total && instructions[index - 1] === text;
}

function stagesOf(instructions: readonly string[]): Stage[] {
  const starts = instructions.flatMap((text, position) => (wordOf(text) === 'FROM' ? [position] : []));
  return starts.map((start, index) => {
    const own = instructions.slice(start, starts[index + 1]);
    const isCounted = (text: string) => ['RUN', 'COPY', 'ADD', 'WORKDIR'].includes(wordOf(text));
    const countedWithoutFrom = own.flatMap((text, position) => (isCounted(text) ? [position] : []));
    const [, name] = /\sAS\s+(\S+)\s*$/i.exec(own[0] ?? '') ?? [];
    return { name, instructions: own, counted: [0, ...countedWithoutFrom], countedWithoutFrom };
  });
}

function wordOf(text: string | undefined): string {
  return /^\s*([a-z]+)/i.exec(text ?? '')?.[1]?.toUpperCase() ?? '';
}

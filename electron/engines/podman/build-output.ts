import { z } from 'zod';
import type { LogStream } from '../../../shared/log.ts';
import { ContainerfileSteps } from '../containerfile-steps.ts';
import type { EngineBuild, EngineOutput, EngineStep } from '../engine.ts';
import { LineBuffer, visibleText } from '../line-buffer.ts';

/** One message of podman's build stream. podman sends each error twice, in the old and the new form of Docker's API. */
export const podmanMessageSchema = z.object({
  stream: z.string().optional(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string() }).optional(),
});

export type PodmanMessage = z.infer<typeof podmanMessageSchema>;

/** A step as podman numbers it: from 1 in each stage, and the stage from 1 of `stages` if there are several. */
interface AnnouncedStep {
  readonly stage: number;
  readonly stages: number | undefined;
  readonly number: number;
  readonly total: number;
  readonly name: string;
}

const stepPattern = /^(?:\[(\d{1,3})\/(\d{1,3})\] )?STEP (\d{1,6})\/(\d{1,6}): (.*)$/;
const cachedPattern = /^--> Using cache ([0-9a-f]{64})$/;
const layerPattern = /^--> ([0-9a-f]{10,64})$/;
const idPattern = /^[0-9a-f]{64}$/;
const warningPattern = /^\[Warning\] (.*)$/;
/** How lines of podman itself begin, besides its steps. */
const podmanLinePattern = /^(?:(?:\[\d+\/\d+\] )?COMMIT\b|--> |[0-9a-f]{64}$|Successfully tagged |\[Warning\] |time=")/;
/** How messages of podman itself begin. The output of a program comes in chunks that may end in mid-line before one. */
const podmanMessagePattern =
  /^(?:(?:\[\d+\/\d+\] )?(?:STEP \d+\/\d+: |COMMIT\b)|--> |[0-9a-f]{64}\n$|Successfully tagged |\[Warning\] |time=")/;

/**
 * Reads podman's build stream, message by message, and reports it as {@link EngineOutput}. Its properties give the result when
 * the stream has ended. The patterns come from streams of podman 4.3.1 and 5.4.2.
 */
export class PodmanBuildOutput {
  /** The last line of 64 hex digits: the id of the image, if the stream ended without an error. */
  imageId: string | undefined;
  /** podman's error message, unchanged. */
  error: string | undefined;
  /** The current step, and whether its result came from the cache. */
  step: EngineStep | undefined;
  isCached = false;
  /** The images in FROM instructions. */
  readonly baseImages: string[] = [];
  /** A step has a here-document. */
  hasHereDocument = false;
  /** Ids, or their first digits, of the layers that this build made and of those that it found in the cache. */
  readonly madeLayers = new Set<string>();
  readonly cachedLayers = new Set<string>();

  readonly #report: (output: EngineOutput) => void;
  readonly #steps: ContainerfileSteps;
  readonly #lines = new LineBuffer((line) => this.#readLine(line));
  #announced: AnnouncedStep | undefined;
  /** The layer of the current step, unless the program of the step printed it. */
  #layer: string | undefined;

  constructor(
    { instructions, target }: Pick<EngineBuild, 'instructions' | 'target'>,
    report: (output: EngineOutput) => void,
  ) {
    this.#steps = new ContainerfileSteps(instructions, target);
    this.#report = report;
  }

  read(message: PodmanMessage): void {
    if (message.stream !== undefined) {
      this.#readText(message.stream);
    }
    const error = message.errorDetail?.message ?? message.error;
    if (error !== undefined) {
      this.error = error.trim();
    }
  }

  /** To be called after the last message. The last line may lack its line end. */
  end(): void {
    this.#lines.flush();
    this.#resolveLayer(true);
    if (this.error !== undefined || this.imageId !== undefined) {
      this.#endStep();
    }
  }

  /** podman announces each step in a message of its own; the output of a program comes in others. */
  #readText(text: string): void {
    if (this.#lines.hasPartialLine && podmanMessagePattern.test(text)) {
      this.#lines.flush();
    }
    const end = text.indexOf('\n');
    const step = this.#lines.hasPartialLine ? undefined : parseStep(text.slice(0, end < 0 ? text.length : end));
    if (step && this.#isNextStep(step)) {
      this.#resolveLayer(true);
      this.#endStep();
      this.#beginStep(step);
      this.#lines.write(end < 0 ? '' : text.slice(end + 1));
    } else {
      this.#lines.write(text);
    }
  }

  #readLine(line: string): void {
    const layer = layerPattern.exec(line)?.[1];
    if (layer !== undefined) {
      this.#resolveLayer(false);
      this.#layer = layer;
      return;
    }
    const isFromPodman = podmanLinePattern.test(line);
    this.#resolveLayer(isFromPodman);
    const cachedLayer = cachedPattern.exec(line)?.[1];
    if (cachedLayer !== undefined) {
      this.isCached = true;
      this.cachedLayers.add(cachedLayer);
      return;
    }
    if (idPattern.test(line)) {
      this.imageId = line;
    }
    const warning = warningPattern.exec(line)?.[1];
    if (warning !== undefined) {
      this.#report({ kind: 'warning', text: warning, ...this.#stepId() });
    } else {
      this.#reportLine(visibleText(line), isFromPodman ? 'engine' : 'stdout');
    }
  }

  #beginStep(announced: AnnouncedStep): void {
    const { stage, stages, number, total, name } = announced;
    this.#announced = announced;
    this.step = this.#steps.step({ stage: stage - 1, number }, { name, stageLength: total, stageCount: stages });
    this.isCached = false;
    this.hasHereDocument ||= name.includes('<<');
    const baseImage = parseBaseImage(name);
    if (baseImage !== undefined) {
      this.baseImages.push(baseImage);
    }
    this.#report({ kind: 'step-started', ...this.step });
  }

  #endStep(): void {
    if (this.step) {
      const error = this.error === undefined ? {} : { error: this.error };
      this.#report({ kind: 'step-ended', id: this.step.id, cached: this.isCached, ...error });
    }
  }

  /** podman prints a step's layer last. If more output follows, the step's own program printed the line. */
  #resolveLayer(isLayer: boolean): void {
    const layer = this.#layer;
    this.#layer = undefined;
    if (layer === undefined) {
      return;
    }
    if (!isLayer) {
      this.#reportLine(`--> ${layer}`, 'stdout');
      return;
    }
    if (!this.isCached) {
      this.madeLayers.add(layer);
    }
    this.#report({ kind: 'layer', imageId: layer, cached: this.isCached });
  }

  /** podman does not say which lines a program wrote to its standard error. */
  #reportLine(text: string, stream: LogStream): void {
    this.#report({ kind: 'log', ...this.#stepId(), stream, time: Date.now(), text });
  }

  #stepId(): { readonly stepId?: string } {
    return this.step ? { stepId: this.step.id } : {};
  }

  /**
   * A program may print what looks like a step, such as a build inside the build. So only the number that follows is accepted,
   * with the totals that podman announced. podman leaves out stages that the target does not need.
   */
  #isNextStep(step: AnnouncedStep): boolean {
    const last = this.#announced;
    if (step.number > step.total || step.stage > (step.stages ?? 1)) {
      return false;
    }
    if (!last) {
      return step.number === 1;
    }
    if (step.stages !== last.stages) {
      return false;
    }
    return step.stage === last.stage
      ? step.number === last.number + 1 && step.total === last.total
      : step.stage > last.stage && step.number === 1 && last.number === last.total;
  }
}

function parseStep(line: string): AnnouncedStep | undefined {
  const match = stepPattern.exec(line);
  if (!match) {
    return undefined;
  }
  const [, stage = '1', stages, number, total, name = ''] = match;
  return {
    stage: Number(stage),
    stages: stages === undefined ? undefined : Number(stages),
    number: Number(number),
    total: Number(total),
    name,
  };
}

/** The image in a FROM instruction. */
function parseBaseImage(text: string): string | undefined {
  return /^FROM\s+(?:--\S+\s+)*(\S+)/i.exec(text)?.[1];
}

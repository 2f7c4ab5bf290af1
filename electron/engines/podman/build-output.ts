import type { z } from 'zod';
import { type buildMessageSchema, imageInFrom, StepOutput } from '../api/step-output.ts';
import { ContainerfileSteps, keywordOf } from '../containerfile-steps.ts';
import type { EngineBuild, EngineOutput } from '../engine.ts';
import { LineBuffer, visibleText } from '../line-buffer.ts';

export type PodmanMessage = z.infer<typeof buildMessageSchema>;

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
const warningPattern =
  /^(?:\[Warning\] |WARNING: (?=image platform )|time="[^"]*" level=warning msg="(?=image platform ))(.*?)"?$/;
/** How lines of podman itself begin, besides its steps. */
const podmanLinePattern = /^(?:(?:\[\d+\/\d+\] )?COMMIT\b|--> |[0-9a-f]{64}$|Successfully tagged |\[Warning\] |time=")/;
/** A message about an instruction that podman does not know, with a dump of its data structures (imagebuilder). */
const dumpPattern = /^time="[^"]*" level=\w+ msg="\+\(UNHANDLED LOGLEVEL\) &imagebuilder\.Step\{/;
/** How messages of podman itself begin. The output of a program comes in chunks that may end in mid-line before one. */
const podmanMessagePattern =
  /^(?:(?:\[\d+\/\d+\] )?(?:STEP \d+\/\d+: |COMMIT\b)|--> |[0-9a-f]{64}\n$|Successfully tagged |\[Warning\] |time=")/;

/**
 * Reads podman's build stream, message by message, and reports it as {@link EngineOutput}. Its properties give the result when
 * the stream has ended. The patterns come from streams of podman 4.3.1 and 5.4.2.
 */
export class PodmanBuildOutput extends StepOutput {
  /** The last line of 64 hex digits: the id of the image, if the stream ended without an error. */
  imageId: string | undefined;
  /** The images in FROM instructions. */
  readonly baseImages: string[] = [];
  /** Ids, or their first digits, of the layers that this build made and of those that it found in the cache. */
  readonly madeLayers = new Set<string>();
  readonly cachedLayers = new Set<string>();

  readonly #steps: ContainerfileSteps;
  readonly #lines = new LineBuffer((line) => this.#readLine(line));
  #announced: AnnouncedStep | undefined;
  /** The layer of the current step, unless the program of the step printed it. */
  #layer: string | undefined;

  constructor(
    { instructions, target, buildArgs }: Pick<EngineBuild, 'instructions' | 'target' | 'buildArgs'>,
    report: (output: EngineOutput) => void,
  ) {
    super(buildArgs, report);
    this.#steps = new ContainerfileSteps(instructions, target);
  }

  read(message: PodmanMessage): void {
    if (message.stream !== undefined) {
      this.#readText(message.stream);
    }
    const error = message.errorDetail?.message ?? message.error;
    if (error !== undefined) {
      this.error = withoutDump(error.trim());
    }
  }

  /** To be called after the last message. The last line may lack its line end. */
  end(): void {
    this.#lines.flush();
    this.#resolveLayer(true);
    if (this.error !== undefined || this.imageId !== undefined) {
      this.endStep();
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
      this.endStep();
      this.#beginAnnounced(step);
      this.#lines.write(end < 0 ? '' : text.slice(end + 1));
    } else {
      this.#lines.write(text);
    }
  }

  #readLine(line: string): void {
    if (dumpPattern.test(line)) {
      return;
    }
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
      this.reportWarning(warning);
    } else {
      // podman does not say which lines a program wrote to its standard error
      this.reportLine(visibleText(line), isFromPodman ? 'engine' : 'stdout');
    }
  }

  #beginAnnounced(announced: AnnouncedStep): void {
    const { stage, stages, number, total, name } = announced;
    this.#announced = announced;
    const baseImage = imageInFrom(name);
    if (baseImage !== undefined) {
      this.baseImages.push(baseImage);
    }
    this.beginStep(this.#steps.step({ stage: stage - 1, number }, { name, stageLength: total, stageCount: stages }));
  }

  /** podman prints a step's layer last. If more output follows, the step's own program printed the line. */
  #resolveLayer(isLayer: boolean): void {
    const layer = this.#layer;
    this.#layer = undefined;
    if (layer === undefined) {
      return;
    }
    if (!isLayer) {
      this.reportLine(`--> ${layer}`, 'stdout');
      return;
    }
    if (!this.isCached) {
      this.madeLayers.add(layer);
    }
    this.report({ kind: 'layer', imageId: layer, cached: this.isCached });
  }

  /** Steps that the Containerfile does not have, such as those of ONBUILD in a base image, change the number of steps. */
  #hasKeyword({ stage, number, total, name }: AnnouncedStep): boolean {
    const instruction = this.#steps.instruction({ stage: stage - 1, number });
    const isCounted = this.#steps.instructionCount(stage - 1) === total;
    return !isCounted || !instruction || keywordOf(instruction.text) === keywordOf(name);
  }

  /**
   * A program may print what looks like a step, such as a build inside the build. So only the number that follows is accepted,
   * with the totals that podman announced and the keyword of the instruction. podman leaves out stages that the target does not
   * need.
   */
  #isNextStep(step: AnnouncedStep): boolean {
    const last = this.#announced;
    if (step.number > step.total || step.stage > (step.stages ?? 1) || !this.#hasKeyword(step)) {
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

/** podman's error without the dump of its data structures. */
function withoutDump(error: string): string {
  const start = error.indexOf(' &imagebuilder.Step{');
  return start < 0 ? error : error.slice(0, start);
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

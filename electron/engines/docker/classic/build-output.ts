import { z } from 'zod';
import { formatBytes } from '../../../../shared/format.ts';
import { parsePlatform } from '../../../../shared/platform.ts';
import { buildMessageSchema, StepOutput } from '../../api/step-output.ts';
import { ContainerfileSteps, keywordOf, type StepPosition } from '../../containerfile-steps.ts';
import { Downloads } from '../../downloads.ts';
import type { EngineBuild, EngineOutput } from '../../engine.ts';
import { LineBuffer, visibleText } from '../../line-buffer.ts';

const progressSchema = z.object({ current: z.number().optional(), total: z.number().optional() });

/** A message of the classic builder. `status`, `id` and `progressDetail` are of the download of a base image. */
export const classicMessageSchema = buildMessageSchema.extend({
  status: z.string().optional(),
  id: z.string().optional(),
  progressDetail: progressSchema.nullish().catch(undefined),
  aux: z.object({ ID: z.string().optional() }).nullish().catch(undefined),
});
export type ClassicMessage = z.infer<typeof classicMessageSchema>;

/** The builder sends each step in a message of its own. */
const stepPattern = /^Step (\d{1,6})\/(\d{1,6}) : (.*)$/s;
const containerPattern = /^ ---> Running in ([0-9a-f]{12})$/;
const layerPattern = /^ ---> ([0-9a-f]{12})$/;
const warningPattern = /^(?: ---> )?\[Warning\] (.*)$/;
const builtPattern = /^Successfully built ([0-9a-f]{12})$/;
const foreignPattern = /^The requested image's platform \(([^)]{1,100})\) does not match the detected host platform/;
const triggersPattern = /^# Executing \d+ build trigger/;
const idPattern = /^sha256:[0-9a-f]{64}$/;
/** The builder colors what a program wrote to its standard error. */
const errorColor = { start: '\u001b[91m', end: '\u001b[0m' };

/**
 * Reads the stream of docker's classic builder, message by message, and reports it as {@link EngineOutput}. Its properties give the
 * result when the stream has ended. The patterns come from streams of docker 20.10.24 and 26.1.5.
 */
export class ClassicBuildOutput extends StepOutput {
  /** Undefined unless the builder said that it has built the image. */
  imageId: string | undefined;
  /** Any step was answered by the cache. */
  isFromCache = false;

  readonly #build: Pick<EngineBuild, 'platform' | 'rm'>;
  readonly #steps: ContainerfileSteps;
  /** ARG instructions before the first FROM, which docker counts as steps. */
  readonly #argCount: number;
  readonly #lines = new LineBuffer((line) => this.#readLine(line));
  readonly #output = {
    stdout: new LineBuffer((line) => this.reportLine(visibleText(line), 'stdout')),
    stderr: new LineBuffer((line) => this.reportLine(visibleText(line), 'stderr')),
  };
  #announced: { readonly number: number; readonly total: number } | undefined;
  /** The container of the running step. Until it is removed, everything is output of its program, if it is removed. */
  #container: string | undefined;
  #hasTriggers = false;
  /** The id of the image of the last stage. */
  #stageImage = '';
  readonly #warnings = new Set<string>();
  #downloads = new Downloads();

  constructor(
    build: Pick<EngineBuild, 'instructions' | 'target' | 'buildArgs' | 'platform' | 'rm'>,
    report: (output: EngineOutput) => void,
  ) {
    super(build.buildArgs, report);
    const { instructions, target } = build;
    this.#build = build;
    this.#steps = new ContainerfileSteps(instructions, target, true);
    const first = instructions.findIndex(({ text }) => keywordOf(text) === 'FROM');
    this.#argCount = instructions.slice(0, Math.max(0, first)).length;
  }

  read(message: ClassicMessage): void {
    const { stream, status, aux } = message;
    if (stream !== undefined) {
      this.#readText(stream);
    }
    if (status !== undefined) {
      this.#readStatus(status, message);
    }
    if (aux?.ID !== undefined && idPattern.test(aux.ID)) {
      this.#stageImage = aux.ID;
    }
    const error = message.errorDetail?.message ?? message.error;
    if (error !== undefined) {
      this.error = error.trim();
    }
  }

  /** To be called after the last message. */
  end(): void {
    this.#flush();
    if (this.error !== undefined || this.imageId !== undefined) {
      this.endStep();
    }
  }

  #readText(text: string): void {
    const [, number, total, name = ''] = stepPattern.exec(text) ?? [];
    if (number !== undefined && this.#isNextStep(Number(number), Number(total), name)) {
      this.#flush();
      this.#container = undefined;
      this.#begin(Number(number), Number(total), name);
    } else if (this.#container === undefined) {
      this.#lines.write(text);
    } else if (isRemoval(text, this.#container)) {
      this.#flush();
      this.#container = undefined;
    } else if (this.#build.rm === false && layerPattern.test(text.trimEnd())) {
      // nothing else ends the output of a program whose container stays
      this.#flush();
      this.#container = undefined;
      this.#lines.write(text);
    } else {
      const { start, end } = errorColor;
      const isError = text.startsWith(start) && text.endsWith(end);
      this.#output[isError ? 'stderr' : 'stdout'].write(isError ? text.slice(start.length, -end.length) : text);
    }
  }

  #flush(): void {
    this.#lines.flush();
    this.#output.stdout.flush();
    this.#output.stderr.flush();
  }

  /** A program may print what looks like a step, such as a build inside the build. */
  #isNextStep(number: number, total: number, name: string): boolean {
    const last = this.#announced ?? { number: 0, total };
    const position = this.#positionOf(number, total);
    const instruction = position && this.#steps.instruction(position);
    return (
      number === last.number + 1 &&
      total === last.total &&
      number <= total &&
      (this.#container === undefined || !instruction || keywordOf(instruction.text) === keywordOf(name))
    );
  }

  #begin(number: number, total: number, name: string): void {
    if (!this.#announced) {
      this.#setLastLength(total);
    }
    this.#announced = { number, total };
    const position = this.#positionOf(number, total);
    if (!position) {
      return;
    }
    this.endStep();
    this.#hasTriggers = false;
    this.#downloads = new Downloads();
    this.beginStep(this.#steps.step(position, { name }));
  }

  /** docker adds an instruction to the last stage for labels that are options of the build. */
  #setLastLength(total: number): void {
    const { lastStage } = this.#steps;
    const before = this.#lengthBefore(lastStage) + this.#argCount;
    this.#steps.setLength(Math.max(0, lastStage), Math.max(1, total - before));
  }

  #lengthBefore(stage: number): number {
    return Array.from({ length: Math.max(0, stage) }, (_, each) => this.#steps.instructionCount(each)).reduce(
      (sum, length) => sum + length,
      0,
    );
  }

  /** docker counts over all stages, from 1. Undefined for an ARG before the first FROM. */
  #positionOf(number: number, total: number): StepPosition | undefined {
    let rest = number - this.#argCount;
    if (rest < 1 || total < number) {
      return undefined;
    }
    let stage = 0;
    for (; stage < this.#steps.lastStage && rest > this.#steps.instructionCount(stage); stage++) {
      rest -= this.#steps.instructionCount(stage);
    }
    return { stage, number: rest };
  }

  #readLine(line: string): void {
    const container = containerPattern.exec(line)?.[1];
    const layer = layerPattern.exec(line)?.[1];
    const warning = warningPattern.exec(line)?.[1];
    const built = builtPattern.exec(line)?.[1];
    if (container !== undefined) {
      this.#container = container;
      this.isCached = false;
    } else if (line === ' ---> Using cache') {
      this.isCached = true;
      this.isFromCache = true;
    } else if (layer !== undefined) {
      this.#readLayer(layer);
    } else if (warning !== undefined) {
      this.#readWarning(warning);
    } else if (line.trim() !== '' && line !== ' ---> ') {
      this.reportLine(visibleText(line), 'engine');
    }
    if (triggersPattern.test(line)) {
      this.#hasTriggers = true;
    }
    if (built !== undefined) {
      const id = `sha256:${built}`;
      // docker before 17.06 does not send the whole id
      this.imageId = this.#stageImage.startsWith(id) ? this.#stageImage : id;
    }
  }

  /** FROM prints the id of the base image, unless that has instructions of its own (ONBUILD). */
  #readLayer(id: string): void {
    if (this.step && (keywordOf(this.step.name) !== 'FROM' || this.#hasTriggers)) {
      this.report({ kind: 'layer', imageId: `sha256:${id}`, cached: this.isCached });
    }
  }

  /** docker warns of the same again in each step. */
  #readWarning(text: string): void {
    const [, foreign] = foreignPattern.exec(text) ?? [];
    const isExpected = foreign !== undefined && parsePlatform(foreign) === this.#build.platform;
    if (!isExpected && !this.#warnings.has(text)) {
      this.#warnings.add(text);
      this.reportWarning(text);
    }
  }

  #readStatus(status: string, { id, progressDetail }: ClassicMessage): void {
    const { current, total } = progressDetail ?? {};
    const known = id === undefined ? undefined : this.#downloads.get(id);
    if (status === 'Downloading' && id !== undefined && current !== undefined && total !== undefined && total > 0) {
      const sum = this.#downloads.set(id, { current, total });
      if (sum && this.step) {
        this.report({ kind: 'step-progress', id: this.step.id, ...sum, unit: 'bytes' });
      }
    } else if (status === 'Download complete' && known) {
      this.reportLine(`${id} ${formatBytes(known.total)} downloaded`, 'engine');
    } else if (progressDetail === undefined || progressDetail === null) {
      this.reportLine(visibleText(status), 'engine');
    }
  }
}

/** Has the builder removed the container of a step? What docker says of it changed with docker 20.10 and 23. */
function isRemoval(text: string, container: string): boolean {
  return (
    text === ` ---> Removed intermediate container ${container}\n` ||
    text === `Removing intermediate container ${container}\n` ||
    text.startsWith(`Error removing intermediate container ${container}`)
  );
}

import { z } from 'zod';
import type { EngineOutput } from '../engine.ts';
import { LineBuffer, visibleText } from '../line-buffer.ts';

/** One message of podman's build stream. podman sends each error twice, in the old and the new form of Docker's API. */
export const podmanMessageSchema = z.object({
  stream: z.string().optional(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string() }).optional(),
});

export type PodmanMessage = z.infer<typeof podmanMessageSchema>;

/** A step as podman numbers it: from 1 in each stage. `stage` is like `1/2` if the build has several stages. */
export interface PodmanStep {
  readonly index: number;
  readonly total: number;
  readonly text: string;
  readonly stage?: string;
}

const stepPattern = /^(?:\[(\d+\/\d+)\] )?STEP (\d+)\/(\d+): (.*)$/;
const cachedPattern = /^--> Using cache ([0-9a-f]{64})$/;
const layerPattern = /^--> ([0-9a-f]{10,64})$/;
const idPattern = /^[0-9a-f]{64}$/;
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
  step: PodmanStep | undefined;
  isCached = false;
  /** The images in FROM instructions. */
  readonly baseImages: string[] = [];
  /** A step has a here-document. */
  hasHereDocument = false;
  /** Ids, or their first digits, of the layers that this build made and of those that it found in the cache. */
  readonly madeLayers = new Set<string>();
  readonly cachedLayers = new Set<string>();

  readonly #report: (output: EngineOutput) => void;
  readonly #lines = new LineBuffer((line) => this.#readLine(line));
  /** The layer of the current step, unless the program of the step printed it. */
  #layer: string | undefined;

  constructor(report: (output: EngineOutput) => void) {
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
  }

  #readText(text: string): void {
    if (this.#lines.hasPartialLine && podmanMessagePattern.test(text)) {
      this.#lines.flush();
    }
    this.#lines.write(text);
  }

  #readLine(line: string): void {
    const step = parseStep(line);
    if (step && this.#isNextStep(step)) {
      this.#resolveLayer(true);
      this.#beginStep(step);
      return;
    }
    const layer = layerPattern.exec(line)?.[1];
    if (layer !== undefined) {
      this.#resolveLayer(false);
      this.#layer = layer;
      return;
    }
    this.#resolveLayer(podmanMessagePattern.test(`${line}\n`));
    const cachedLayer = cachedPattern.exec(line)?.[1];
    if (cachedLayer !== undefined) {
      this.isCached = true;
      this.cachedLayers.add(cachedLayer);
      this.#report({ kind: 'cached' });
      return;
    }
    if (idPattern.test(line)) {
      this.imageId = line;
    }
    this.#report({ kind: 'line', text: visibleText(line) });
  }

  #beginStep(step: PodmanStep): void {
    this.step = step;
    this.isCached = false;
    this.hasHereDocument ||= step.text.includes('<<');
    const baseImage = parseBaseImage(step.text);
    if (baseImage !== undefined) {
      this.baseImages.push(baseImage);
    }
    this.#report({ kind: 'step', ...step });
  }

  /** podman prints a step's layer last. If more output follows, the step's own program printed the line. */
  #resolveLayer(isLayer: boolean): void {
    const layer = this.#layer;
    this.#layer = undefined;
    if (layer === undefined) {
      return;
    }
    if (!isLayer) {
      this.#report({ kind: 'line', text: `--> ${layer}` });
      return;
    }
    if (!this.isCached) {
      this.madeLayers.add(layer);
    }
    this.#report({ kind: 'layer', imageId: layer });
  }

  /**
   * A program may print what looks like a step, so only the number that follows is accepted. podman leaves out stages that the
   * target does not need, so any stage may be next.
   */
  #isNextStep(step: PodmanStep): boolean {
    const last = this.step;
    return last && last.stage === step.stage ? step.index === last.index + 1 : step.index === 1;
  }
}

function parseStep(line: string): PodmanStep | undefined {
  const match = stepPattern.exec(line);
  if (!match) {
    return undefined;
  }
  const [, stage, index, total, text = ''] = match;
  return { index: Number(index), total: Number(total), text, ...(stage === undefined ? {} : { stage }) };
}

/** The image in a FROM instruction. */
function parseBaseImage(text: string): string | undefined {
  return /^FROM\s+(?:--\S+\s+)*(\S+)/i.exec(text)?.[1];
}

import { z } from 'zod';
import type { EngineOutput } from '../engine.ts';
import { LineBuffer, shown } from '../line-buffer.ts';

/** One message of podman's build stream. Errors come twice, in the old and the new form of Docker's API. */
export const buildMessageSchema = z.object({
  stream: z.string().optional(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string() }).optional(),
});

export type BuildMessage = z.infer<typeof buildMessageSchema>;

/** A step as podman numbers it: from 1 in each stage. `stage` is `1/2` where the build has several. */
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
/** How a message of podman itself begins; what a step prints arrives in pieces that may end in mid-line before it. */
const ownMessage =
  /^(?:(?:\[\d+\/\d+\] )?(?:STEP \d+\/\d+: |COMMIT\b)|--> |[0-9a-f]{64}\n$|Successfully tagged |\[Warning\] |time=")/;

/**
 * Reads podman's build stream, message by message, and reports it as {@link EngineOutput}. What it keeps is what the end of
 * a build is judged by. Written from streams of podman 4.3.1 and 5.4.2.
 */
export class BuildOutput {
  /** The last line of 64 hex digits: the image, once the stream has ended without an error. */
  imageId: string | undefined;
  /** What podman says went wrong, word for word. */
  error: string | undefined;
  /** The step that is under way, and whether the cache has answered it. */
  step: PodmanStep | undefined;
  cached = false;
  /** The images that FROM instructions named, and whether any step began a here-document. */
  readonly bases: string[] = [];
  hereDocument = false;
  /** Ids, or the first digits of them, of layers that this build has made, and of those it found in the cache. */
  readonly made = new Set<string>();
  readonly found = new Set<string>();

  readonly #report: (output: EngineOutput) => void;
  readonly #lines = new LineBuffer((line) => this.#line(line));
  #layer: string | undefined;

  constructor(report: (output: EngineOutput) => void) {
    this.#report = report;
  }

  read(message: BuildMessage): void {
    if (message.stream !== undefined) {
      this.#text(message.stream);
    }
    const error = message.errorDetail?.message ?? message.error;
    if (error !== undefined) {
      this.error = error.trim();
    }
  }

  /** The stream has ended, or nobody reads on: a last line may lack its end. */
  end(): void {
    this.#lines.flush();
    this.#settleLayer(true);
  }

  #text(text: string): void {
    if (this.#lines.isOpen && ownMessage.test(text)) {
      this.#lines.flush();
    }
    this.#lines.write(text);
  }

  #line(line: string): void {
    const step = stepOf(line);
    if (step && this.#isNext(step)) {
      this.#settleLayer(true);
      this.#begin(step);
      return;
    }
    const layer = layerPattern.exec(line)?.[1];
    if (layer !== undefined) {
      this.#settleLayer(false);
      this.#layer = layer;
      return;
    }
    this.#settleLayer(ownMessage.test(`${line}\n`));
    const found = cachedPattern.exec(line)?.[1];
    if (found !== undefined) {
      this.cached = true;
      this.found.add(found);
      this.#report({ kind: 'cached' });
      return;
    }
    if (idPattern.test(line)) {
      this.imageId = line;
    }
    this.#report({ kind: 'line', text: shown(line) });
  }

  #begin(step: PodmanStep): void {
    this.step = step;
    this.cached = false;
    this.hereDocument ||= step.text.includes('<<');
    const base = baseOf(step.text);
    if (base !== undefined) {
      this.bases.push(base);
    }
    this.#report({ kind: 'step', ...step });
  }

  /** The layer of a step is the last thing said of it: what looks like one before is output of its program. */
  #settleLayer(isLayer: boolean): void {
    const layer = this.#layer;
    this.#layer = undefined;
    if (layer === undefined) {
      return;
    }
    if (!isLayer) {
      this.#report({ kind: 'line', text: `--> ${layer}` });
      return;
    }
    if (!this.cached) {
      this.made.add(layer);
    }
    this.#report({ kind: 'layer', imageId: layer });
  }

  /** A program may print what looks like a step: only the one that follows is. Stages that nothing needs are left out. */
  #isNext(step: PodmanStep): boolean {
    const last = this.step;
    return last && last.stage === step.stage ? step.index === last.index + 1 : step.index === 1;
  }
}

function stepOf(line: string): PodmanStep | undefined {
  const match = stepPattern.exec(line);
  if (!match) {
    return undefined;
  }
  const [, stage, index, total, text = ''] = match;
  return { index: Number(index), total: Number(total), text, ...(stage === undefined ? {} : { stage }) };
}

/** The image that a FROM instruction names. */
function baseOf(text: string): string | undefined {
  return /^FROM\s+(?:--\S+\s+)*(\S+)/i.exec(text)?.[1];
}

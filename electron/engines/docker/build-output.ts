import { StringDecoder } from 'node:string_decoder';
import { z } from 'zod';
import { formatBytes } from '../../../shared/format.ts';
import type { EngineOutput } from '../engine.ts';
import { LineBuffer, shown } from '../line-buffer.ts';
import { type DockerStep, DockerSteps } from './steps.ts';
import { readTrace, type Trace, type Vertex, type VertexLog, type VertexStatus } from './trace.ts';

/** One message of docker's build stream: an update of BuildKit's, the image, or what went wrong. */
export const dockerMessageSchema = z.object({
  id: z.string().optional(),
  aux: z.union([z.string(), z.object({ ID: z.string().optional() })]).nullish(),
  stream: z.string().optional(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string() }).optional(),
});
export type DockerMessage = z.infer<typeof dockerMessageSchema>;

/** How BuildKit takes in the context: two operations of which there is nothing to tell. */
const readsContext = /^\[internal\] load remote build context$|^copy \/context \/$/;

interface Known {
  readonly name: string;
  readonly step: DockerStep | undefined;
  begun: boolean;
  readonly out: LineBuffer;
  /** By stream: a character may come in two pieces. */
  readonly decoders: Map<number, StringDecoder>;
}

/**
 * Reads docker's build stream and reports it as {@link EngineOutput}. Stages are built beside each other, so steps overlap; what another
 * step than the newest prints is told with its place in front. What it keeps is what the end of a build is judged by.
 */
export class DockerOutput {
  imageId: string | undefined;
  /** What docker says went wrong, word for word. */
  error: string | undefined;
  /** The step that failed, and the name of what failed where that is none. */
  failedStep: DockerStep | undefined;
  failedName: string | undefined;

  readonly #report: (output: EngineOutput) => void;
  readonly #steps: DockerSteps;
  readonly #known = new Map<string, Known>();
  readonly #told = new Set<string>();
  /** Steps that have been told, by stage and index, and whether the cache had them. */
  readonly #begun = new Map<string, { readonly step: DockerStep; readonly cached: boolean }>();
  #newest: DockerStep | undefined;
  #contextRead = false;

  constructor(instructions: readonly string[], report: (output: EngineOutput) => void) {
    this.#steps = new DockerSteps(instructions);
    this.#report = report;
  }

  /** @throws Error where an update is none */
  read({ id, aux, stream, error, errorDetail }: DockerMessage): void {
    if (id === 'moby.buildkit.trace' && typeof aux === 'string') {
      this.#update(readTrace(Buffer.from(aux, 'base64')));
    } else if (typeof aux === 'object' && aux?.ID !== undefined) {
      this.imageId = aux.ID;
    } else if (stream !== undefined) {
      this.#line(stream.trimEnd());
    }
    const message = errorDetail?.message ?? error;
    if (message !== undefined) {
      this.error = message.trim();
    }
  }

  /** The stream has ended, or nobody reads on. */
  end(): void {
    for (const { out } of this.#known.values()) {
      out.flush();
    }
    if (this.imageId !== undefined) {
      // what comes after the last operation of a stage only sets the image's configuration
      for (const { step, cached } of [...this.#begun.values()]) {
        for (const after of this.#isLastBegun(step) ? this.#steps.around(step).after : []) {
          this.#pass(after, cached);
        }
      }
    }
  }

  #update({ vertexes, statuses, logs, warnings }: Trace): void {
    for (const vertex of this.#inOrder(vertexes)) {
      this.#vertex(vertex);
    }
    for (const log of logs) {
      this.#log(log);
    }
    for (const status of statuses) {
      this.#status(status);
    }
    for (const { vertex, short } of warnings) {
      this.#once(`${vertex} ${short}`, () => this.#line(`Warning: ${short}`));
    }
  }

  /** BuildKit tells of what it found in the cache all at once, in no order. */
  #inOrder(vertexes: readonly Vertex[]): Vertex[] {
    const place = ({ name }: Vertex): [number, number] => {
      const step = this.#steps.find(name);
      return [Number.parseInt(step?.stage ?? '0', 10) || 0, step?.index ?? 0];
    };
    return vertexes
      .map((vertex) => ({ vertex, place: place(vertex) }))
      .sort((a, b) => a.place[0] - b.place[0] || a.place[1] - b.place[1])
      .map(({ vertex }) => vertex);
  }

  #vertex(vertex: Vertex): void {
    const known = this.#know(vertex.digest, vertex.name);
    if (vertex.started && !known.begun) {
      known.begun = true;
      this.#begin(known);
    }
    if (vertex.completed && known.begun) {
      known.out.flush();
      this.#end(known, vertex);
    }
  }

  #know(digest: string, name: string): Known {
    const known = this.#known.get(digest);
    if (known && (known.name !== '' || name === '')) {
      return known;
    }
    const step = this.#steps.find(name);
    const label = step && /^\[[^\]]*\]/.exec(name)?.[0];
    const isNewest = () => step === undefined || step === this.#newest;
    const fresh: Known = {
      name,
      step,
      begun: false,
      out: new LineBuffer((line) => this.#line(isNewest() ? shown(line) : `${label} ${shown(line)}`)),
      decoders: new Map(),
    };
    this.#known.set(digest, fresh);
    return fresh;
  }

  #begin({ name, step }: Known): void {
    if (step) {
      this.#readContext();
      for (const before of this.#steps.around(step).before) {
        this.#pass(before, this.#isCachedBefore(before));
      }
      this.#beginStep(step);
    } else if (!readsContext.test(name)) {
      this.#line(name.replace(/^\[internal\] /, ''));
    }
  }

  #end(known: Known, { name, cached, error }: Vertex): void {
    const { step } = known;
    // an operation may begin once more: an image is looked up first and fetched when something needs it
    if (step) {
      this.#endStep(step, cached, isFailure(error));
      // what a cached step stands on has not been made either: of a base image BuildKit says only that it was looked up
      for (const before of cached ? this.#steps.around(step).before : []) {
        if (!this.#begun.get(keyOf(before))?.cached) {
          this.#endStep(before, true, false);
        }
      }
    } else if (readsContext.test(name) && error === '') {
      this.#readContext();
    }
    if (isFailure(error) && this.failedName === undefined) {
      this.failedName = name;
      this.failedStep = step;
    }
  }

  #beginStep(step: DockerStep): void {
    if (!this.#begun.has(keyOf(step))) {
      this.#begun.set(keyOf(step), { step, cached: false });
      this.#newest = step;
      this.#report({ kind: 'step', beside: true, ...placeOf(step), total: step.total, text: step.text });
    }
  }

  #endStep(step: DockerStep, cached: boolean, failed: boolean): void {
    this.#begun.set(keyOf(step), { step, cached });
    this.#report({ kind: 'step-end', ...placeOf(step), cached, failed });
  }

  /** An instruction that takes no time, or whose work another stage has done: it begins and ends at once. */
  #pass(step: DockerStep, cached: boolean): void {
    if (!this.#begun.has(keyOf(step))) {
      this.#beginStep(step);
      this.#endStep(step, cached, false);
    }
  }

  #isCachedBefore({ index, stage }: DockerStep): boolean {
    return this.#begun.get(keyOf({ index: index - 1, ...(stage === undefined ? {} : { stage }) }))?.cached ?? false;
  }

  #isLastBegun(step: DockerStep): boolean {
    return this.#steps.around(step).after.every((after) => !this.#begun.has(keyOf(after)));
  }

  #log({ vertex, stream, msg }: VertexLog): void {
    const known = this.#know(vertex, '');
    const decoder = known.decoders.get(stream) ?? new StringDecoder('utf8');
    known.decoders.set(stream, decoder);
    known.out.write(decoder.write(Buffer.from(msg)));
  }

  #status({ id, completed, total }: VertexStatus): void {
    if (completed && total > 0 && /^sha256:/.test(id)) {
      this.#once(id, () => this.#line(`${id.slice(0, 19)} ${formatBytes(total)} downloaded`));
    }
  }

  #once(key: string, tell: () => void): void {
    if (!this.#told.has(key)) {
      this.#told.add(key);
      tell();
    }
  }

  #readContext(): void {
    if (!this.#contextRead) {
      this.#contextRead = true;
      this.#report({ kind: 'context-read' });
    }
  }

  #line(text: string): void {
    this.#report({ kind: 'line', text });
  }
}

/** What is given up because something else has failed is no failure of its own. */
function isFailure(error: string): boolean {
  return error !== '' && !/context canceled$/.test(error);
}

function keyOf({ stage = '', index }: { readonly stage?: string; readonly index: number }): string {
  return `${stage} ${index}`;
}

function placeOf({ index, stage }: DockerStep): { index: number; stage?: string } {
  return { index, ...(stage === undefined ? {} : { stage }) };
}

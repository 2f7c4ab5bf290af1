import { StringDecoder } from 'node:string_decoder';
import { z } from 'zod';
import { formatBytes } from '../../../shared/format.ts';
import type { EngineOutput, StepPosition } from '../engine.ts';
import { LineBuffer, visibleText } from '../line-buffer.ts';
import { type DockerStep, DockerSteps } from './steps.ts';
import { readTrace, type Trace, type Vertex, type VertexLog, type VertexStatus } from './trace.ts';

/** One message of docker's build stream: a status update from BuildKit, the image id, or an error. */
export const dockerMessageSchema = z.object({
  id: z.string().optional(),
  aux: z.union([z.string(), z.object({ ID: z.string().optional() })]).nullish(),
  stream: z.string().optional(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string() }).optional(),
});
export type DockerMessage = z.infer<typeof dockerMessageSchema>;

/** The two operations with which BuildKit reads the context. They are not reported as lines. */
const contextOperationPattern = /^\[internal\] load remote build context$|^copy \/context \/$/;

/** One vertex of BuildKit's graph, as far as it is known. */
interface Operation {
  readonly name: string;
  readonly step: DockerStep | undefined;
  hasBegun: boolean;
  readonly lines: LineBuffer;
  /** One decoder per output stream, because a character may be split between two chunks. */
  readonly decoders: Map<number, StringDecoder>;
}

/**
 * Reads docker's build stream and reports it as {@link EngineOutput}. BuildKit builds stages concurrently, so steps overlap. A
 * line from another step than the newest begins with the name of its step. The properties give the result when the stream has
 * ended.
 */
export class DockerBuildOutput {
  imageId: string | undefined;
  /** docker's error message, unchanged. */
  error: string | undefined;
  /** The step that failed first; undefined if an internal operation failed first. */
  failedStep: DockerStep | undefined;

  readonly #report: (output: EngineOutput) => void;
  readonly #steps: DockerSteps;
  /** By the digest of the vertex. */
  readonly #operations = new Map<string, Operation>();
  readonly #reported = new Set<string>();
  /** The steps that have begun, by stage and index, and whether their results came from the cache. */
  readonly #begunSteps = new Map<string, { readonly step: DockerStep; readonly isCached: boolean }>();
  #newestStep: DockerStep | undefined;
  #hasReadContext = false;
  #hasFailed = false;

  constructor(instructions: readonly string[], report: (output: EngineOutput) => void) {
    this.#steps = new DockerSteps(instructions);
    this.#report = report;
  }

  /** @throws Error for a status update that is not a valid protocol buffer */
  read({ id, aux, stream, error, errorDetail }: DockerMessage): void {
    if (id === 'moby.buildkit.trace' && typeof aux === 'string') {
      this.#readTrace(readTrace(Buffer.from(aux, 'base64')));
    } else if (typeof aux === 'object' && aux?.ID !== undefined) {
      this.imageId = aux.ID;
    } else if (stream !== undefined) {
      this.#reportLine(stream.trimEnd());
    }
    const message = errorDetail?.message ?? error;
    if (message !== undefined) {
      this.error = message.trim();
    }
  }

  /** To be called after the last message. */
  end(): void {
    for (const { lines } of this.#operations.values()) {
      lines.flush();
    }
    if (this.imageId !== undefined) {
      // Instructions after the last operation of a stage only change the image's configuration.
      for (const { step, isCached } of [...this.#begunSteps.values()]) {
        for (const after of this.#isLastBegun(step) ? this.#steps.siblings(step).after : []) {
          this.#passStep(after, isCached);
        }
      }
    }
  }

  #readTrace({ vertexes, statuses, logs, warnings }: Trace): void {
    for (const vertex of this.#sorted(vertexes)) {
      this.#readVertex(vertex);
    }
    for (const log of logs) {
      this.#readLog(log);
    }
    for (const status of statuses) {
      this.#readStatus(status);
    }
    for (const { vertex, short } of warnings) {
      this.#reportLineOnce(`${vertex} ${short}`, `Warning: ${short}`);
    }
  }

  /** Sorts vertexes by stage and step, because BuildKit reports all cached ones at once and in no order. */
  #sorted(vertexes: readonly Vertex[]): Vertex[] {
    return vertexes
      .map((vertex) => {
        const step = this.#steps.find(vertex.name);
        return { vertex, stage: Number.parseInt(step?.stage ?? '0', 10) || 0, index: step?.index ?? 0 };
      })
      .sort((a, b) => a.stage - b.stage || a.index - b.index)
      .map(({ vertex }) => vertex);
  }

  #readVertex(vertex: Vertex): void {
    const operation = this.#operationOf(vertex.digest, vertex.name);
    if (vertex.started && !operation.hasBegun) {
      operation.hasBegun = true;
      this.#beginOperation(operation);
    }
    if (vertex.completed && operation.hasBegun) {
      operation.lines.flush();
      this.#endOperation(operation, vertex);
    }
  }

  /** @param name empty if the message does not contain it */
  #operationOf(digest: string, name: string): Operation {
    const known = this.#operations.get(digest);
    if (known && (known.name !== '' || name === '')) {
      return known;
    }
    const step = this.#steps.find(name);
    const label = step && /^\[[^\]]*\]/.exec(name)?.[0];
    const isNewest = () => step === undefined || step === this.#newestStep;
    const operation: Operation = {
      name,
      step,
      hasBegun: false,
      lines: new LineBuffer((line) => {
        const text = visibleText(line);
        this.#reportLine(isNewest() ? text : `${label} ${text}`);
      }),
      decoders: new Map(),
    };
    this.#operations.set(digest, operation);
    return operation;
  }

  #beginOperation({ name, step }: Operation): void {
    if (step) {
      this.#reportContextRead();
      for (const before of this.#steps.siblings(step).before) {
        this.#passStep(before, this.#isPreviousCached(before));
      }
      this.#beginStep(step);
    } else if (!contextOperationPattern.test(name)) {
      this.#reportLine(name.replace(/^\[internal\] /, ''));
    }
  }

  #endOperation({ step }: Operation, { name, cached, error }: Vertex): void {
    // An operation may begin and end again: BuildKit looks up an image first and downloads it when a step needs it.
    if (step) {
      this.#endStep(step, cached, isFailure(error));
      // The steps before a cached step were not run either. BuildKit reports the base image only as looked up.
      for (const before of cached ? this.#steps.siblings(step).before : []) {
        if (!this.#begunSteps.get(keyOf(before))?.isCached) {
          this.#endStep(before, true, false);
        }
      }
    } else if (contextOperationPattern.test(name) && error === '') {
      this.#reportContextRead();
    }
    if (isFailure(error) && !this.#hasFailed) {
      this.#hasFailed = true;
      this.failedStep = step;
    }
  }

  #beginStep(step: DockerStep): void {
    if (!this.#begunSteps.has(keyOf(step))) {
      this.#begunSteps.set(keyOf(step), { step, isCached: false });
      this.#newestStep = step;
      this.#report({ kind: 'step', isConcurrent: true, ...positionOf(step), total: step.total, text: step.text });
    }
  }

  #endStep(step: DockerStep, isCached: boolean, hasFailed: boolean): void {
    this.#begunSteps.set(keyOf(step), { step, isCached });
    this.#report({ kind: 'step-end', ...positionOf(step), cached: isCached, failed: hasFailed });
  }

  /** Begins and ends a step without an operation of its own: it takes no time, or another stage has the same operation. */
  #passStep(step: DockerStep, isCached: boolean): void {
    if (!this.#begunSteps.has(keyOf(step))) {
      this.#beginStep(step);
      this.#endStep(step, isCached, false);
    }
  }

  #isPreviousCached({ index, stage }: DockerStep): boolean {
    const previous = keyOf({ index: index - 1, ...(stage === undefined ? {} : { stage }) });
    return this.#begunSteps.get(previous)?.isCached ?? false;
  }

  #isLastBegun(step: DockerStep): boolean {
    return this.#steps.siblings(step).after.every((after) => !this.#begunSteps.has(keyOf(after)));
  }

  #readLog({ vertex, stream, msg }: VertexLog): void {
    const operation = this.#operationOf(vertex, '');
    const decoder = operation.decoders.get(stream) ?? new StringDecoder('utf8');
    operation.decoders.set(stream, decoder);
    operation.lines.write(decoder.write(Buffer.from(msg)));
  }

  #readStatus({ id, completed, total }: VertexStatus): void {
    if (completed && total > 0 && /^sha256:/.test(id)) {
      this.#reportLineOnce(id, `${id.slice(0, 19)} ${formatBytes(total)} downloaded`);
    }
  }

  #reportLineOnce(key: string, text: string): void {
    if (!this.#reported.has(key)) {
      this.#reported.add(key);
      this.#reportLine(text);
    }
  }

  #reportContextRead(): void {
    if (!this.#hasReadContext) {
      this.#hasReadContext = true;
      this.#report({ kind: 'context-read' });
    }
  }

  #reportLine(text: string): void {
    this.#report({ kind: 'line', text });
  }
}

/** An operation that BuildKit cancelled because another one failed has not failed itself. */
function isFailure(error: string): boolean {
  return error !== '' && !/context canceled$/.test(error);
}

function keyOf({ stage = '', index }: StepPosition): string {
  return `${stage} ${index}`;
}

function positionOf({ index, stage }: DockerStep): StepPosition {
  return { index, ...(stage === undefined ? {} : { stage }) };
}

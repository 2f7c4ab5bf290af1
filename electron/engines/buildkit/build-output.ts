import { StringDecoder } from 'node:string_decoder';
import { formatBytes } from '../../../shared/format.ts';
import type { LogStream } from '../../../shared/log.ts';
import { stepId } from '../containerfile-steps.ts';
import type { EngineBuild, EngineOutput, EngineStep } from '../engine.ts';
import { LastLines, LineBuffer, visibleText } from '../line-buffer.ts';
import type { StatusResponse, Vertex, VertexLog, VertexStatus, VertexWarning } from './proto/control_pb.ts';
import { BuildKitSteps, type FoundStep } from './steps.ts';

/** The operations with which BuildKit reads the Containerfile and the context. They are not reported as lines. */
const readingPattern = /^\[internal\] load (?:build definition from .*|\.dockerignore|build context)$/;

/** The operation that gets a base image, as in `[1/2] FROM docker.io/library/alpine:3.20@sha256:…`. */
const basePattern = /^(?:\[[^\]]*\] )?FROM (\S{1,500})@(sha256:[0-9a-f]{64})$/;

/** The downloads of an operation whose progress is counted: more than images have layers. */
const maxDownloads = 1000;

/** One vertex of BuildKit's graph, as far as it is known. */
interface Operation {
  readonly name: string;
  readonly step: FoundStep | undefined;
  hasBegun: boolean;
  readonly output: Readonly<Record<'stdout' | 'stderr', OutputStream>>;
  readonly lastLines: LastLines;
  /** Downloaded and total bytes by the id of the download, and their sums. */
  readonly downloads: Map<string, { readonly current: number; readonly total: number }>;
  downloaded: number;
  downloadSize: number;
}

interface OutputStream {
  readonly lines: LineBuffer;
  /** A character may be split between two chunks. */
  readonly decoder: StringDecoder;
}

/**
 * Reads BuildKit's status updates, which contain only what has changed, and reports them as {@link EngineOutput}. BuildKit builds
 * stages concurrently, so steps overlap. The properties tell how a build has failed.
 */
export class BuildKitOutput {
  /** The step that failed first; undefined if an internal operation failed first. */
  failedStep: EngineStep | undefined;
  /** What the operation that failed first printed last. */
  lastLines: readonly string[] = [];

  readonly #report: (output: EngineOutput) => void;
  readonly #steps: BuildKitSteps;
  /** By the digest of the vertex. */
  readonly #operations = new Map<string, Operation>();
  readonly #reported = new Set<string>();
  /** The steps that have begun, by id, and whether their results came from the cache. */
  readonly #begunSteps = new Map<string, { readonly step: FoundStep; readonly isCached: boolean }>();
  #hasFailed = false;

  constructor(
    { instructions, target }: Pick<EngineBuild, 'instructions' | 'target'>,
    report: (output: EngineOutput) => void,
  ) {
    this.#steps = new BuildKitSteps(instructions, target);
    this.#report = report;
  }

  read({ vertexes, statuses, logs, warnings }: StatusResponse): void {
    for (const vertex of this.#sorted(vertexes)) {
      this.#readVertex(vertex);
    }
    for (const status of statuses) {
      this.#readStatus(status);
    }
    for (const log of logs) {
      this.#readLog(log);
    }
    for (const warning of warnings) {
      this.#readWarning(warning);
    }
  }

  /** To be called after the last update. @param hasImage the build has succeeded */
  end(hasImage: boolean): void {
    for (const operation of this.#operations.values()) {
      flush(operation);
    }
    if (hasImage) {
      // Instructions after the last operation of a stage only change the image's configuration.
      for (const { step, isCached } of [...this.#begunSteps.values()]) {
        for (const after of this.#isLastBegun(step) ? this.#steps.siblings(step).after : []) {
          this.#passStep(after, isCached);
        }
      }
    }
  }

  /** Sorts vertexes by stage and step, because BuildKit reports all cached ones at once and in no order. */
  #sorted(vertexes: readonly Vertex[]): Vertex[] {
    return vertexes
      .map((vertex) => ({ vertex, position: this.#steps.find(vertex.name)?.position ?? { stage: 0, number: 0 } }))
      .sort((a, b) => a.position.stage - b.position.stage || a.position.number - b.position.number)
      .map(({ vertex }) => vertex);
  }

  #readVertex(vertex: Vertex): void {
    const operation = this.#operationOf(vertex.digest, vertex.name);
    if (vertex.started && !operation.hasBegun) {
      operation.hasBegun = true;
      this.#beginOperation(operation, vertex);
    }
    if (vertex.completed && operation.hasBegun) {
      flush(operation);
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
    const [, base, baseDigest] = basePattern.exec(name) ?? [];
    if (base && baseDigest) {
      this.#report({ kind: 'base', name: base, digest: baseDigest });
    }
    const outputStream = (stream: LogStream): OutputStream => ({
      lines: new LineBuffer((line) => this.#reportLine(visibleText(line), stream, operation)),
      decoder: new StringDecoder('utf8'),
    });
    const operation: Operation = {
      name,
      step,
      hasBegun: false,
      output: { stdout: outputStream('stdout'), stderr: outputStream('stderr') },
      lastLines: new LastLines(),
      downloads: new Map(),
      downloaded: 0,
      downloadSize: 0,
    };
    this.#operations.set(digest, operation);
    return operation;
  }

  #beginOperation({ name, step }: Operation, { inputs }: Vertex): void {
    if (step) {
      for (const before of this.#steps.siblings(step).before) {
        this.#passStep(before, this.#isPreviousCached(before));
      }
      this.#beginStep(step, inputs);
    } else if (!readingPattern.test(name)) {
      this.#reportLine(name.replace(/^\[internal\] /, ''));
    }
  }

  #endOperation({ step, lastLines }: Operation, { cached, error }: Vertex): void {
    // An operation may begin and end again: BuildKit looks up an image first and downloads it when a step needs it.
    if (step && !isCancelled(error)) {
      this.#endStep(step, cached, error);
      // The steps before a cached step were not run either. BuildKit reports the base image only as looked up.
      for (const before of cached ? this.#steps.siblings(step).before : []) {
        if (!this.#begunSteps.get(stepId(before.position))?.isCached) {
          this.#endStep(before, true);
        }
      }
    }
    if (error !== '' && !isCancelled(error) && !this.#hasFailed) {
      this.#hasFailed = true;
      this.failedStep = step && this.#steps.step(step);
      this.lastLines = lastLines.lines;
    }
  }

  /** @param inputs digests of operations. They count for a step that the Containerfile does not know. */
  #beginStep(step: FoundStep, inputs: readonly string[] = []): void {
    const id = stepId(step.position);
    if (!this.#begunSteps.has(id)) {
      this.#begunSteps.set(id, { step, isCached: false });
      const reported = this.#steps.step(step);
      const inputSteps = inputs.flatMap((digest) => this.#operations.get(digest)?.step ?? []);
      const isInstruction = reported.line !== undefined || inputSteps.length === 0;
      this.#report({
        kind: 'step-started',
        ...reported,
        ...(isInstruction ? {} : { inputs: inputSteps.map(({ position }) => stepId(position)) }),
      });
    }
  }

  #endStep(step: FoundStep, isCached: boolean, error = ''): void {
    const id = stepId(step.position);
    this.#begunSteps.set(id, { step, isCached });
    this.#report({ kind: 'step-ended', id, cached: isCached, ...(error === '' ? {} : { error }) });
  }

  /** Begins and ends a step without an operation of its own: it takes no time, or another stage has the same operation. */
  #passStep(step: FoundStep, isCached: boolean): void {
    if (!this.#begunSteps.has(stepId(step.position))) {
      this.#beginStep(step);
      this.#endStep(step, isCached);
    }
  }

  #isPreviousCached({ position: { stage, number } }: FoundStep): boolean {
    return this.#begunSteps.get(stepId({ stage, number: number - 1 }))?.isCached ?? false;
  }

  #isLastBegun(step: FoundStep): boolean {
    return this.#steps.siblings(step).after.every(({ position }) => !this.#begunSteps.has(stepId(position)));
  }

  #readLog({ vertex, stream, msg }: VertexLog): void {
    const { lines, decoder } = this.#operationOf(vertex, '').output[stream === 2n ? 'stderr' : 'stdout'];
    lines.write(decoder.write(Buffer.from(msg)));
  }

  #readWarning({ vertex, short, ranges }: VertexWarning): void {
    const text = Buffer.from(short).toString('utf8');
    const line = ranges[0]?.start?.line;
    if (this.#isFirstReport(`${vertex} ${line} ${text}`)) {
      const step = stepIdOf(this.#operationOf(vertex, ''));
      const position = line === undefined || step.stepId !== undefined ? '' : ` (line ${line})`;
      this.#report({ kind: 'warning', text: `${text}${position}`, ...step });
    }
  }

  #readStatus(status: VertexStatus): void {
    const { id, vertex, completed } = status;
    // in bytes, far below what a number holds
    const [current, total] = [Number(status.current), Number(status.total)];
    if (total <= 0 || !/^sha256:/.test(id)) {
      return;
    }
    const operation = this.#operationOf(vertex, '');
    this.#reportDownload(operation, id, current, total);
    if (completed && this.#isFirstReport(id)) {
      this.#reportLine(`${id.slice(0, 19)} ${formatBytes(total)} downloaded`, 'engine', operation);
    }
  }

  #reportDownload(operation: Operation, id: string, current: number, total: number): void {
    const { downloads, step } = operation;
    const before = downloads.get(id) ?? { current: 0, total: 0 };
    if (step && (downloads.has(id) || downloads.size < maxDownloads)) {
      downloads.set(id, { current, total });
      operation.downloaded += current - before.current;
      operation.downloadSize += total - before.total;
      const { downloaded, downloadSize } = operation;
      const progress = { current: downloaded, total: downloadSize, unit: 'bytes' } as const;
      this.#report({ kind: 'step-progress', id: stepId(step.position), ...progress });
    }
  }

  #isFirstReport(key: string): boolean {
    const isFirst = !this.#reported.has(key);
    this.#reported.add(key);
    return isFirst;
  }

  #reportLine(text: string, stream: LogStream = 'engine', operation?: Operation): void {
    operation?.lastLines.add(text);
    this.#report({ kind: 'log', ...stepIdOf(operation), stream, time: Date.now(), text });
  }
}

function flush({ output }: Operation): void {
  output.stdout.lines.flush();
  output.stderr.lines.flush();
}

function stepIdOf(operation: Operation | undefined): { readonly stepId?: string } {
  return operation?.step ? { stepId: stepId(operation.step.position) } : {};
}

/** An operation that BuildKit cancelled because another one failed has not failed itself. */
function isCancelled(error: string): boolean {
  return /context canceled$/.test(error);
}

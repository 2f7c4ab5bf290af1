import { StringDecoder } from 'node:string_decoder';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { formatBytes } from '../../../shared/format.ts';
import type { LogStream } from '../../../shared/log.ts';
import { type StepPosition, stepId } from '../containerfile-steps.ts';
import { Downloads } from '../downloads.ts';
import type { EngineBuild, EngineOutput, EngineStep } from '../engine.ts';
import { LastLines, LineBuffer, visibleText } from '../line-buffer.ts';
import { NodeClock } from './node-clock.ts';
import type { StatusResponse, Vertex, VertexLog, VertexStatus, VertexWarning } from './proto/control_pb.ts';
import { sourceLines } from './source-lines.ts';
import { BuildKitSteps, type FoundStep } from './steps.ts';

/** The operations with which BuildKit reads the Containerfile and the context. They are not reported as lines. */
const readingPattern = /^\[internal\] load (?:build definition from .*|\.dockerignore|build context)$/;

/** The operation that gets a base image, as in `[1/2] FROM docker.io/library/alpine:3.20@sha256:…`. */
const basePattern = /^(?:\[[^\]]*\] )?FROM (\S{1,500})@(sha256:[0-9a-f]{64})$/;

/** The operation that looks up a base image. */
const lookUpPattern = /^\[internal\] load metadata for ([\x21-\x7e]{1,500})$/;

/** The operation of an exporter, after all others. */
const exportPattern = /^exporting to /;

/**
 * More vertexes than builds have, and longer names than people read. Those beyond the limits are left out, so that a daemon cannot
 * fill the memory.
 */
const maxOperations = 20_000;
const maxNameLength = 4000;

/** More warnings than a person reads. */
const maxWarnings = 1000;

/** One vertex of BuildKit's graph, or the vertexes of one progress group, as far as they are known. */
interface Operation {
  readonly name: string;
  readonly step: FoundStep | undefined;
  /** When it began, by the clock of the node. */
  startedAt: Timestamp | undefined;
  /** The digests of its vertexes that have begun and not ended. */
  readonly running: Set<string>;
  /** The digests of those whose results were not in the cache. */
  readonly uncached: Set<string>;
  /** The first error. */
  error: string;
  readonly output: Readonly<Record<'stdout' | 'stderr', OutputStream>>;
  readonly lastLines: LastLines;
  readonly downloads: Downloads;
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
  /** The base image that could not be looked up, if that failed first. Errors of BuildKit in docker 20.10 do not name it. */
  failedImage: string | undefined;
  /** What the operation that failed first printed last. */
  lastLines: readonly string[] = [];
  /** All steps have ended, and the image leaves the node. */
  isDelivering = false;

  readonly #report: (output: EngineOutput) => void;
  readonly #steps: BuildKitSteps;
  readonly #hasDelivery: boolean;
  /** By the digest of the vertex. */
  readonly #operations = new Map<string, Operation>();
  readonly #reported = new Set<string>();
  readonly #build: Pick<EngineBuild, 'file'>;
  readonly #clock = new NodeClock();
  #warningCount = 0;
  /** The steps that have begun, by id, and whether their results came from the cache. */
  readonly #begunSteps = new Map<string, { readonly step: FoundStep; readonly isCached: boolean }>();
  #hasFailed = false;

  constructor(
    build: Pick<EngineBuild, 'instructions' | 'target' | 'file' | 'delivery'>,
    report: (output: EngineOutput) => void,
  ) {
    this.#build = build;
    this.#steps = new BuildKitSteps(build.instructions, build.target);
    this.#hasDelivery = build.delivery !== undefined;
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
      this.#passLastSteps();
    }
  }

  /** Instructions after the last operation of a stage only change the image's configuration. */
  #passLastSteps(): void {
    for (const { step, isCached } of [...this.#begunSteps.values()]) {
      for (const after of this.#isLastBegun(step) ? this.#steps.siblings(step).after : []) {
        this.#passStep(after, isCached);
      }
    }
  }

  /** Sorts vertexes by stage and step, the export last, because BuildKit reports all cached ones at once and in no order. */
  #sorted(vertexes: readonly Vertex[]): Vertex[] {
    const positionOf = (name: string): StepPosition =>
      this.#steps.find(name)?.position ?? { stage: exportPattern.test(name) ? Number.MAX_SAFE_INTEGER : 0, number: 0 };
    return vertexes
      .map((vertex) => ({ vertex, position: positionOf(nameOf(vertex)) }))
      .sort((a, b) => a.position.stage - b.position.stage || a.position.number - b.position.number)
      .map(({ vertex }) => vertex);
  }

  #readVertex(vertex: Vertex): void {
    const { digest, progressGroup, started, completed, cached, error } = vertex;
    if (!started) {
      this.#operationOf(vertex);
      return;
    }
    const operation = this.#operationOf(vertex);
    if (this.#operations.get(digest) !== operation) {
      return; // one too many
    }
    change(operation.running, digest, !completed);
    change(operation.uncached, digest, !cached);
    operation.error ||= error;
    // the weak vertexes of a group begin nothing alone, as in buildx
    if (!operation.startedAt && (!progressGroup?.weak || error !== '')) {
      operation.startedAt = started;
      this.#beginOperation(operation, vertex);
    }
    if (completed && operation.startedAt && operation.running.size === 0) {
      flush(operation);
      this.#endOperation(operation, completed);
    }
  }

  /** The operation of a vertex, which is that of its progress group if it has one. */
  #operationOf({ digest, name, progressGroup }: Pick<Vertex, 'digest' | 'name' | 'progressGroup'>): Operation {
    if (!progressGroup) {
      return this.#operationNamed(digest, name.slice(0, maxNameLength));
    }
    const operation = this.#operationNamed(`group ${progressGroup.id}`, progressGroup.name.slice(0, maxNameLength));
    if (this.#operations.has(digest) || this.#operations.size < maxOperations) {
      this.#operations.set(digest, operation);
    }
    return operation;
  }

  /** @param name empty if the message does not contain it */
  #operationNamed(key: string, name: string): Operation {
    const known = this.#operations.get(key);
    if (known && (known.name !== '' || name === '')) {
      return known;
    }
    const operation = this.#newOperation(name);
    if (known || this.#operations.size < maxOperations) {
      this.#operations.set(key, operation);
    }
    return operation;
  }

  #newOperation(name: string): Operation {
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
      startedAt: undefined,
      running: new Set(),
      uncached: new Set(),
      error: '',
      output: { stdout: outputStream('stdout'), stderr: outputStream('stderr') },
      lastLines: new LastLines(),
      downloads: new Downloads(),
    };
    return operation;
  }

  #beginOperation({ name, step, startedAt }: Operation, { inputs }: Vertex): void {
    if (step) {
      for (const before of this.#steps.siblings(step).before) {
        this.#passStep(before, this.#isPreviousCached(before), startedAt);
      }
      this.#beginStep(step, inputs, startedAt);
    } else if (this.#hasDelivery && exportPattern.test(name)) {
      this.#passLastSteps();
      this.isDelivering = true;
      this.#report({ kind: 'delivering' });
    } else if (!readingPattern.test(name) && !this.#steps.isNamedByOther(name)) {
      this.#reportLine(name.replace(/^\[internal\] /, ''));
    }
  }

  #endOperation({ name, step, lastLines, startedAt, uncached, error }: Operation, completed: Timestamp): void {
    const cached = uncached.size === 0;
    // An operation may begin and end again: BuildKit looks up an image first and downloads it when a step needs it.
    if (step && !isCancelled(error)) {
      this.#endStep(step, cached, error, startedAt && this.#clock.between(startedAt, completed));
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
      this.failedImage = lookUpPattern.exec(name)?.[1];
      this.lastLines = lastLines.lines;
    }
  }

  /** @param inputs digests of operations. They count for a step that the Containerfile does not know. */
  #beginStep(step: FoundStep, inputs: readonly string[] = [], startedAt?: Timestamp): void {
    const id = stepId(step.position);
    if (!this.#begunSteps.has(id)) {
      this.#begunSteps.set(id, { step, isCached: false });
      const reported = this.#steps.step(step);
      const inputIds = inputs
        .flatMap((digest) => this.#operations.get(digest)?.step ?? [])
        .map(({ position }) => stepId(position))
        // another vertex of the same step
        .filter((input) => input !== id);
      const isInstruction = reported.line !== undefined || inputIds.length === 0;
      this.#report({
        kind: 'step-started',
        ...reported,
        ...(isInstruction ? {} : { inputs: inputIds }),
        ...(startedAt ? { time: this.#clock.toLocal(startedAt) } : {}),
      });
    }
  }

  #endStep(step: FoundStep, isCached: boolean, error = '', durationMs?: number): void {
    const id = stepId(step.position);
    this.#begunSteps.set(id, { step, isCached });
    this.#report({
      ...{ kind: 'step-ended', id, cached: isCached },
      ...(durationMs === undefined ? {} : { durationMs }),
      ...(error === '' ? {} : { error }),
    });
  }

  /** Begins and ends a step without an operation of its own: it takes no time, or another stage has the same operation. */
  #passStep(step: FoundStep, isCached: boolean, at?: Timestamp): void {
    if (!this.#begunSteps.has(stepId(step.position))) {
      this.#beginStep(step, [], at);
      this.#endStep(step, isCached, '', at && 0);
    }
  }

  #isPreviousCached({ position: { stage, number } }: FoundStep): boolean {
    return this.#begunSteps.get(stepId({ stage, number: number - 1 }))?.isCached ?? false;
  }

  #isLastBegun(step: FoundStep): boolean {
    return this.#steps.siblings(step).after.every(({ position }) => !this.#begunSteps.has(stepId(position)));
  }

  #readLog({ vertex, stream, msg }: VertexLog): void {
    const { lines, decoder } = this.#operationNamed(vertex, '').output[stream === 2n ? 'stderr' : 'stdout'];
    lines.write(decoder.write(Buffer.from(msg)));
  }

  #readWarning({ vertex, short, detail, url, info, ranges }: VertexWarning): void {
    const text = textOf([short]);
    const source = sourceLines(info?.filename, ranges, this.#build);
    if (this.#warningCount < maxWarnings && this.#isFirstReport(`${vertex} ${source?.firstLine} ${text}`)) {
      this.#warningCount += 1;
      const { stepId: id = source && this.#steps.idAt(source.firstLine) } = stepIdOf(this.#operations.get(vertex));
      this.#report({
        ...{ kind: 'warning', text },
        ...(detail.length === 0 ? {} : { detail: textOf(detail) }),
        ...(url === '' ? {} : { url }),
        ...(source ? { source } : {}),
        ...(id === undefined ? {} : { stepId: id }),
      });
    }
  }

  #readStatus(status: VertexStatus): void {
    const { id, vertex, completed } = status;
    // in bytes, far below what a number holds
    const [current, total] = [Number(status.current), Number(status.total)];
    if (total <= 0 || !/^sha256:/.test(id) || id.length > maxNameLength) {
      return;
    }
    const operation = this.#operationNamed(vertex, '');
    this.#reportDownload(operation, id, current, total);
    if (completed && this.#isFirstReport(id)) {
      this.#reportLine(`${id.slice(0, 19)} ${formatBytes(total)} downloaded`, 'engine', operation);
    }
  }

  #reportDownload(operation: Operation, id: string, current: number, total: number): void {
    const { downloads, step } = operation;
    const sum = step && downloads.set(id, { current, total });
    if (sum) {
      this.#report({ kind: 'step-progress', id: stepId(step.position), ...sum, unit: 'bytes' });
    }
  }

  #isFirstReport(key: string): boolean {
    const isFirst = !this.#reported.has(key) && this.#reported.size < maxOperations;
    if (isFirst) {
      this.#reported.add(key);
    }
    return isFirst;
  }

  #reportLine(text: string, stream: LogStream = 'engine', operation?: Operation): void {
    operation?.lastLines.add(text);
    this.#report({ kind: 'log', ...stepIdOf(operation), stream, time: Date.now(), text });
  }
}

/** What people see of a vertex: its progress group if it has one. */
function nameOf({ name, progressGroup }: Vertex): string {
  return (progressGroup?.name ?? name).slice(0, maxNameLength);
}

function change(digests: Set<string>, digest: string, isMember: boolean): void {
  if (isMember) {
    digests.add(digest);
  } else {
    digests.delete(digest);
  }
}

function textOf(lines: readonly Uint8Array[]): string {
  return lines.map((line) => Buffer.from(line).toString('utf8')).join('\n');
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

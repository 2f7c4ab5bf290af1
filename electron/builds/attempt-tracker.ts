import type { Job, JobState, Materials } from '../../shared/build.ts';
import type { BuildWarning } from '../../shared/build-warning.ts';
import { formatSource } from '../../shared/format.ts';
import type { LogStream } from '../../shared/log.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Assignment } from '../../shared/schedule.ts';
import { runningSteps, type Step } from '../../shared/step.ts';
import { sanitizeLine, sanitizeText } from '../../shared/untrusted-text.ts';
import type { EngineOutput, EngineStep } from '../engines/engine.ts';
import type { JobLog } from './job-log.ts';

/** Steps of an engine after this many are one step together, so that no node can fill memory and disk with them. */
const maxSteps = 10_000;
/** Limits for the text of a step, in characters. */
const maxTextLength = { id: 100, name: 2000, stage: 100, error: 2000, warning: 500 } as const;
const maxInputs = 100;
/** Further warnings are only in the log. */
const maxWarnings = 50;
const moreStepsId = 'more';

/** What an attempt says of its job. */
export type AttemptState = Pick<
  JobState,
  | 'platform'
  | 'node'
  | 'mode'
  | 'reason'
  | 'estimate'
  | 'bytesSent'
  | 'bytesReused'
  | 'bytesReceived'
  | 'transfer'
  | 'skipped'
  | 'mismatch'
  | 'materials'
  | 'warnings'
> & { readonly status: 'queued' | 'context' | 'building' | 'transferring' };

/** A line for the log of the job. */
export interface AttemptLine {
  readonly text: string;
  readonly stream: LogStream;
  readonly time: number;
  readonly stepId: string | undefined;
  /** The line with which the step begins. */
  readonly stepLine: number | undefined;
}

/** What an attempt reports to. */
export interface AttemptReader {
  readonly log: JobLog;
  onChange(attempt: AttemptTracker): void;
  onStep(attempt: AttemptTracker, step: Step): void;
  onLine(attempt: AttemptTracker, line: AttemptLine): void;
}

/** One attempt at a job: what it does on one node. It knows nothing of other attempts, before it or at the same time. */
export class AttemptTracker {
  readonly #reader: AttemptReader;
  #state: AttemptState;
  /** By id, in the order in which they started. */
  readonly #steps = new Map<string, Step>();
  /** {@link #steps} as a list; undefined after a change of them. */
  #stepList: Step[] | undefined;
  /** The start of each step by id, from `performance.now()`. */
  readonly #stepStartsMs = new Map<string, number>();
  #phase: { readonly status: 'context' | 'building' | 'transferring'; startedMs: number } | undefined;
  /** How long the job was in each phase. */
  readonly #phasesMs = { context: 0, building: 0, transferring: 0 };
  /** See {@link digests}. */
  readonly #digests = new Map<string, string>();
  /** Images of the steps, see {@link layers}. */
  readonly #layers: string[] = [];
  readonly #ownLayers: string[] = [];

  constructor({ finish: _, ...assigned }: Assignment, reader: AttemptReader) {
    this.#reader = reader;
    this.#state = { ...assigned, status: 'queued', bytesSent: 0, bytesReceived: 0 };
  }

  get state(): AttemptState {
    return this.#state;
  }

  /** In the order in which they started. */
  get steps(): Step[] {
    this.#stepList ??= [...this.#steps.values()];
    return this.#stepList;
  }

  get log(): JobLog {
    return this.#reader.log;
  }

  /**
   * The images of the steps, whether the build made them or found them in the cache, oldest first.
   */
  get layers(): readonly string[] {
    return this.#layers;
  }

  /** Those of {@link layers} that this build made. */
  get ownLayers(): readonly string[] {
    return this.#ownLayers;
  }

  /** The digests of base images that the node has found in registries, by the names that it gives them. */
  get digests(): ReadonlyMap<string, string> {
    return this.#digests;
  }

  enterPhase(status: 'context' | 'building' | 'transferring'): void {
    this.finishSteps();
    this.#beginPhase(status);
    this.#update({ status });
  }

  /** How long the node has been sent the context and has sent its image, so far, in milliseconds. */
  get transferMs(): { readonly context: number; readonly transferring: number } {
    this.#countPhase();
    const { context, transferring } = this.#phasesMs;
    return { context, transferring };
  }

  #beginPhase(status: 'context' | 'building' | 'transferring'): void {
    this.#countPhase();
    this.#phase = { status, startedMs: performance.now() };
  }

  #countPhase(): void {
    const now = performance.now();
    if (this.#phase) {
      this.#phasesMs[this.#phase.status] += now - this.#phase.startedMs;
      this.#phase.startedMs = now;
    }
  }

  addBytesSent(bytes: number): void {
    this.#update({ bytesSent: this.#state.bytesSent + bytes });
  }

  addBytesReceived(bytes: number): void {
    this.#update({ bytesReceived: this.#state.bytesReceived + bytes });
  }

  setTransferMethod(transfer: NonNullable<Job['transfer']>): void {
    this.#update({ transfer });
  }

  /** Nothing has changed since a build, whose image the job has. */
  skip(buildId: string): void {
    this.logLine(`Nothing has changed since build ${buildId}, whose image is used again.`);
    this.#update({ skipped: true });
  }

  /** The image is for another platform, which the build allows. */
  setMismatch(mismatch: string): void {
    this.logLine(`Warning: ${mismatch}`);
    this.#update({ mismatch });
  }

  /** What the image is made of. */
  setMaterials(materials: Materials): void {
    this.#update({ materials });
  }

  handleOutput(output: EngineOutput): void {
    switch (output.kind) {
      case 'context-read':
        break;
      case 'delivering':
        this.enterPhase('transferring');
        break;
      case 'context-reused':
        this.#update({ bytesReused: (this.#state.bytesReused ?? 0) + output.bytes });
        break;
      case 'step-started':
        this.#startStep(output);
        break;
      case 'step-progress':
        this.#changeStep(output.id, () => ({
          progress: { current: output.current, total: output.total, unit: output.unit },
        }));
        break;
      case 'step-ended':
        this.#endStep(output);
        break;
      case 'layer':
        this.#layers.push(output.imageId);
        if (!output.cached) {
          this.#ownLayers.push(output.imageId);
        }
        break;
      case 'base':
        this.#addDigest(output.name, output.digest);
        break;
      case 'log':
        this.#append(output.text, output.stream, output.time, this.#knownId(output.stepId));
        break;
      case 'warning':
        this.#addWarning(output);
        break;
    }
  }

  #addWarning({ text, detail, url, source, stepId }: BuildWarning): void {
    const id = this.#knownId(stepId);
    const warning: BuildWarning = {
      text: sanitizeLine(text, maxTextLength.warning),
      ...(detail ? { detail: sanitizeText(detail, maxTextLength.warning) } : {}),
      ...(url ? { url: sanitizeLine(url, maxTextLength.warning) } : {}),
      ...(source ? { source: { ...source, file: sanitizeLine(source.file, maxTextLength.warning) } } : {}),
      // it may be known before the step begins
      ...(stepId === undefined ? {} : { stepId: stepKey(stepId) }),
    };
    const position = warning.source ? ` (${formatSource(warning.source)})` : '';
    const lines = [
      `Warning: ${warning.text}${position}`,
      ...[...(warning.detail?.split('\n') ?? []), warning.url ?? []].flat().map((line) => `  ${line}`),
    ];
    for (const line of lines) {
      this.#append(line, 'engine', Date.now(), id);
    }
    const { warnings = [] } = this.#state;
    if (warnings.length < maxWarnings && !warnings.some((each) => isSameWarning(each, warning))) {
      this.#update({ warnings: [...warnings, warning] });
    }
  }

  /** Two digests for one name are as good as none. */
  #addDigest(name: string, digest: string): void {
    const known = this.#digests.get(name);
    if (known !== undefined || this.#digests.size < maxInputs) {
      this.#digests.set(name, known === undefined || known === digest ? digest : '');
    }
  }

  logLine(text: string): void {
    this.#append(text, 'engine', Date.now(), undefined);
  }

  #append(text: string, stream: LogStream, time: number, stepId: string | undefined): void {
    const stepLine = stepId === undefined ? undefined : this.#steps.get(stepId)?.firstLine;
    this.#reader.onLine(this, { text, stream, time, stepId, stepLine });
  }

  #startStep({ time = Date.now(), ...step }: EngineStep & { readonly time?: number }): void {
    const { id, index, total, name, stage, inputs, line } =
      this.#steps.has(stepKey(step.id)) || this.#steps.size < maxSteps ? limited(step) : moreSteps(step);
    if (id === moreStepsId && this.#steps.has(id)) {
      return;
    }
    const startedAt = new Date(time).toISOString();
    const firstLine = this.#reader.log.length;
    const facts = { ...(stage ? { stage } : {}), ...(inputs ? { inputs } : {}), ...(line ? { line } : {}) };
    // a step that starts again moves to the end
    this.#steps.delete(id);
    this.#stepStartsMs.set(id, performance.now() - (Date.now() - time));
    this.#setStep({ id, index, total, name, ...facts, cached: false, startedAt, firstLine });
    this.#append(`STEP ${index}/${total}${stage ? ` (${stage})` : ''}: ${name}`, 'engine', Date.now(), id);
    if (this.#state.status !== 'building') {
      this.#beginPhase('building');
      this.#update({ status: 'building' });
    }
  }

  #endStep({ id, cached, durationMs, error }: Extract<EngineOutput, { kind: 'step-ended' }>): void {
    this.#changeStep(id, (step) => ({
      // an engine may report only after a step has ended that it was cached; the step keeps its duration then
      durationMs: (cached ? step.durationMs : undefined) ?? durationMs ?? this.#sinceStartMs(step.id),
      cached,
      ...(error === undefined ? {} : { error: sanitizeLine(error, maxTextLength.error) }),
    }));
  }

  /** Counts a failure for the step that runs longest. The engine says which step failed if the build itself did. */
  failStep({ code, message }: Problem): void {
    const [longest] = runningSteps(this);
    if (longest && code !== 'build.failed') {
      this.#changeStep(longest.id, () => ({ durationMs: this.#sinceStartMs(longest.id), error: message }));
    }
  }

  /** All steps have ended. */
  finishSteps(): void {
    for (const { id } of runningSteps(this)) {
      this.#changeStep(id, () => ({ durationMs: this.#sinceStartMs(id) }));
    }
  }

  #sinceStartMs(id: string): number {
    return Math.round(performance.now() - (this.#stepStartsMs.get(id) ?? performance.now()));
  }

  /** The id of a step that has started. Steps over the limit are one step. */
  #knownId(id: string | undefined): string | undefined {
    if (id === undefined || this.#steps.has(id)) {
      return id;
    }
    return [stepKey(id), moreStepsId].find((key) => this.#steps.has(key));
  }

  #changeStep(id: string, change: (step: Step) => Partial<Step>): void {
    const step = this.#steps.get(stepKey(id));
    if (step) {
      this.#setStep({ ...step, ...change(step) });
    }
  }

  #setStep(step: Step): void {
    this.#steps.set(step.id, step);
    this.#stepList = undefined;
    this.#reader.onStep(this, step);
  }

  #update(change: Partial<AttemptState>): void {
    this.#state = { ...this.#state, ...change };
    this.#reader.onChange(this);
  }
}

function isSameWarning(one: BuildWarning, other: BuildWarning): boolean {
  return one.text === other.text && one.source?.firstLine === other.source?.firstLine;
}

function stepKey(id: string): string {
  return sanitizeLine(id, maxTextLength.id);
}

/** A step with safe text of limited length. */
function limited({ id, index, total, name, stage, inputs, line }: EngineStep): EngineStep {
  return {
    id: stepKey(id),
    index,
    total,
    name: sanitizeLine(name, maxTextLength.name),
    stage: stage && sanitizeLine(stage, maxTextLength.stage),
    inputs: inputs?.slice(0, maxInputs).map(stepKey),
    line,
  };
}

/** One step for all that come after the limit. */
function moreSteps({ index, total }: EngineStep): EngineStep {
  return { id: moreStepsId, index, total, name: 'More steps' };
}

import { isEnd, type Job, type JobState } from '../../shared/build.ts';
import type { BuildWarning } from '../../shared/build-warning.ts';
import type { AppEvent } from '../../shared/contract.ts';
import { formatSource } from '../../shared/format.ts';
import type { LogStream } from '../../shared/log.ts';
import type { Problem } from '../../shared/problem.ts';
import type { JobWait } from '../../shared/queue.ts';
import type { Assignment } from '../../shared/schedule.ts';
import { runningSteps, type Step } from '../../shared/step.ts';
import { sanitizeLine, sanitizeText } from '../../shared/untrusted-text.ts';
import type { EngineOutput, EngineStep } from '../engines/engine.ts';
import type { Events } from '../events.ts';
import type { JobLog } from './job-log.ts';

/** Steps of an engine after this many are one step together, so that no node can fill memory and disk with them. */
const maxSteps = 10_000;
/** Limits for the text of a step, in characters. */
const maxTextLength = { id: 100, name: 2000, stage: 100, error: 2000, warning: 500 } as const;
const maxInputs = 100;
/** Further warnings are only in the log. */
const maxWarnings = 50;
const moreStepsId = 'more';

/** The state of one job. Emits every change of it as an event and writes its output to the job's log. */
export class JobTracker {
  readonly #buildId: string;
  readonly #events: Events;
  readonly #log: JobLog;
  #job: JobState;
  /** By id, in the order in which they started. */
  readonly #steps = new Map<string, Step>();
  /** {@link #steps} as a list; undefined after a change of them. */
  #stepList: Step[] | undefined;
  /** The start of each step by id, from `performance.now()`. */
  readonly #stepStartsMs = new Map<string, number>();
  /** The lost nodes with what they had done, which events do not have. */
  #lost: Job['lost'] = [];
  #startedMs = 0;
  #phase: { readonly status: 'context' | 'building' | 'transferring'; startedMs: number } | undefined;
  /** How long the job was in each phase on its current node. */
  readonly #phasesMs = { context: 0, building: 0, transferring: 0 };
  /** See {@link digests}. */
  readonly #digests = new Map<string, string>();
  /** Images of the steps on the current node, see {@link layers}. */
  #layers: string[] = [];
  #ownLayers: string[] = [];

  constructor(buildId: string, assignment: Assignment, log: JobLog, events: Events) {
    this.#buildId = buildId;
    this.#events = events;
    this.#log = log;
    const { finish: _, ...assigned } = assignment;
    this.#job = { ...assigned, status: 'queued', bytesSent: 0, bytesReceived: 0, lost: [] };
  }

  get job(): Job {
    this.#stepList ??= [...this.#steps.values()];
    return { ...this.#job, steps: this.#stepList, lost: this.#lost };
  }

  get log(): JobLog {
    return this.#log;
  }

  /**
   * The images of the steps on the current node, whether the build made them or found them in the cache, oldest first.
   */
  get layers(): readonly string[] {
    return this.#layers;
  }

  /** Those of {@link layers} that this build made. */
  get ownLayers(): readonly string[] {
    return this.#ownLayers;
  }

  /** The digests of base images that the current node has found in registries, by the names that it gives them. */
  get digests(): ReadonlyMap<string, string> {
    return this.#digests;
  }

  /** The job waits for a slot of its node. */
  waitForSlot(wait: JobWait): void {
    this.#update({ wait });
  }

  start(): void {
    this.#startedMs = performance.now();
    this.#update({ startedAt: new Date().toISOString() });
  }

  enterPhase(status: 'context' | 'building' | 'transferring'): void {
    this.#finishSteps();
    this.#beginPhase(status);
    if (this.#job.status !== 'cancelling') {
      this.#update({ status });
    }
  }

  /** How long the current node has been sent the context and has sent its image, so far, in milliseconds. */
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

  /** The job was asked to stop. It ends when its node has stopped, unless it is done before. */
  startCancelling(): void {
    if (!isEnd(this.#job.status) && this.#job.status !== 'cancelling') {
      this.#update({ status: 'cancelling' });
    }
  }

  addBytesSent(bytes: number): void {
    this.#update({ bytesSent: this.#job.bytesSent + bytes });
  }

  addBytesReceived(bytes: number): void {
    this.#update({ bytesReceived: this.#job.bytesReceived + bytes });
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

  handleOutput(output: EngineOutput): void {
    switch (output.kind) {
      case 'context-read':
        break;
      case 'delivering':
        this.enterPhase('transferring');
        break;
      case 'context-reused':
        this.#update({ bytesReused: (this.#job.bytesReused ?? 0) + output.bytes });
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
    const { warnings = [] } = this.#job;
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
    const added = this.#log.append(text, { stream, time, stepLine });
    if (!added) {
      return;
    }
    const { platform, node } = this.#job;
    this.#events.batch({
      event: 'job.log',
      buildId: this.#buildId,
      platform,
      node,
      from: added.number,
      lines: [added.line],
      stepIds: [stepId ?? null],
      times: [time],
      streams: [stream],
    });
  }

  /** The job, which has not started, waits for another node from now on. */
  takeOver(assignment: Assignment): void {
    const { node } = this.#job;
    this.logLine(`Node ${assignment.node} takes over from ${node}, where the job waited: ${assignment.reason}.`);
    const { finish: _, ...assigned } = assignment;
    this.#update({ estimate: undefined, ...assigned });
  }

  /** Restarts the job on another node after its node was lost or has failed. */
  moveTo(assignment: Assignment, problem: Problem): void {
    const { node, mode } = this.#job;
    const loss = { node, mode, problem, at: new Date().toISOString() };
    this.#lost = [...this.#lost, { ...loss, steps: [...this.#steps.values()] }];
    this.logLine(`${problem.message} Node ${assignment.node} takes over.`);
    this.#forgetSteps();
    // bytes and time of the lost attempt still count
    const { finish: _, ...assigned } = assignment;
    this.#update({ estimate: undefined, ...assigned, status: 'queued', lost: [...this.#job.lost, loss], warnings: [] });
  }

  /** Starts the job again on its node, without an image. Its log goes on. @param reason a sentence for the log */
  restart(reason: string): void {
    this.logLine(reason);
    this.#forgetSteps();
    const { problem: _, durationMs: __, lastLines: ___, lastLinesFrom: ____, startedAt: _____, ...job } = this.#job;
    this.#job = job;
    this.#startedMs = 0;
    this.#update({ status: 'queued', warnings: [] });
  }

  complete(image: { digest: `sha256:${string}`; size: number }): void {
    this.#finishSteps();
    this.#update({ ...image, status: 'done', durationMs: this.#elapsedMs() });
  }

  /** Steps that still run keep no duration, except the one that the failure is counted for. */
  fail(problem: Problem): void {
    const status = problem.code === 'build.cancelled' ? 'cancelled' : 'failed';
    if (status === 'failed') {
      this.#failStep(problem);
    }
    const { tail, tailFrom } = this.#log;
    this.#update({
      status,
      problem,
      durationMs: this.#elapsedMs(),
      ...(status === 'failed'
        ? { lastLines: tail, ...(tailFrom === undefined ? {} : { lastLinesFrom: tailFrom }) }
        : {}),
    });
  }

  #forgetSteps(): void {
    this.#layers = [];
    this.#ownLayers = [];
    this.#digests.clear();
    this.#phase = undefined;
    Object.assign(this.#phasesMs, { context: 0, building: 0, transferring: 0 });
    this.#steps.clear();
    this.#stepStartsMs.clear();
    this.#stepList = undefined;
  }

  #elapsedMs(): number {
    return this.#startedMs ? Math.round(performance.now() - this.#startedMs) : 0;
  }

  #startStep({ time = Date.now(), ...step }: EngineStep & { readonly time?: number }): void {
    const { id, index, total, name, stage, inputs, line } =
      this.#steps.has(stepKey(step.id)) || this.#steps.size < maxSteps ? limited(step) : moreSteps(step);
    if (id === moreStepsId && this.#steps.has(id)) {
      return;
    }
    const startedAt = new Date(time).toISOString();
    const firstLine = this.#log.length;
    const facts = { ...(stage ? { stage } : {}), ...(inputs ? { inputs } : {}), ...(line ? { line } : {}) };
    // a step that starts again moves to the end
    this.#steps.delete(id);
    this.#stepStartsMs.set(id, performance.now() - (Date.now() - time));
    this.#setStep({ id, index, total, name, ...facts, cached: false, startedAt, firstLine });
    this.#append(`STEP ${index}/${total}${stage ? ` (${stage})` : ''}: ${name}`, 'engine', Date.now(), id);
    if (this.#job.status !== 'building' && this.#job.status !== 'cancelling') {
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
  #failStep({ code, message }: Problem): void {
    const [longest] = runningSteps(this.job);
    if (longest && code !== 'build.failed') {
      this.#changeStep(longest.id, () => ({ durationMs: this.#sinceStartMs(longest.id), error: message }));
    }
  }

  #finishSteps(): void {
    for (const { id } of runningSteps(this.job)) {
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
    this.#events.batch({ event: 'step.changed', buildId: this.#buildId, platform: this.#job.platform, step });
  }

  #update(change: Partial<JobState>): void {
    const isNewPhase = change.status !== undefined && change.status !== this.#job.status;
    // a job waits only until anything else happens to it
    const { wait: _, ...job } = this.#job;
    this.#job = { ...job, ...change };
    const event: AppEvent = { event: 'job.changed', buildId: this.#buildId, job: this.#job };
    // a new phase is emitted at once, after the pending log lines
    if (isNewPhase) {
      this.#events.emit(event);
    } else {
      this.#events.batch(event);
    }
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

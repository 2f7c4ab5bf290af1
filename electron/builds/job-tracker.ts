import type { Job, Phase, Step } from '../../shared/build.ts';
import type { AppEvent } from '../../shared/contract.ts';
import type { Problem } from '../../shared/problem.ts';
import type { Assignment } from '../../shared/schedule.ts';
import type { EngineOutput } from '../engines/engine.ts';
import type { Events } from '../events.ts';
import type { JobLog } from './job-log.ts';

/** The state of one job. Emits every change of it as an event and writes its output to the job's log. */
export class JobTracker {
  readonly #buildId: string;
  readonly #events: Events;
  readonly #log: JobLog;
  #job: Job;
  #startedMs = 0;
  /** The start of each step, from `performance.now()`. */
  #stepStartsMs: number[] = [];
  /** Images of the steps on the current node, see {@link layers}. */
  #layers: string[] = [];
  #ownLayers: string[] = [];
  #stepIsCached = false;

  constructor(buildId: string, assignment: Assignment, log: JobLog, events: Events) {
    this.#buildId = buildId;
    this.#events = events;
    this.#log = log;
    this.#job = { ...assignment, status: 'queued', steps: [], bytesSent: 0, bytesReceived: 0, lost: [] };
  }

  get job(): Job {
    return this.#job;
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

  start(): void {
    this.#startedMs = performance.now();
    this.#update({ startedAt: new Date().toISOString() });
  }

  enterPhase(status: Exclude<Phase, 'done' | 'failed' | 'cancelled'>): void {
    this.#finishSteps();
    this.#update({ status });
  }

  addBytesSent(bytes: number): void {
    this.#update({ bytesSent: this.#job.bytesSent + bytes });
  }

  addBytesReceived(bytes: number): void {
    this.#update({ bytesReceived: this.#job.bytesReceived + bytes });
  }

  setTransferMethod(transfer: 'push' | 'export'): void {
    this.#update({ transfer });
  }

  handleOutput(output: EngineOutput): void {
    switch (output.kind) {
      case 'context-read':
        break;
      case 'step':
        this.#startStep(output);
        break;
      case 'cached':
        this.#stepIsCached = true;
        this.#changeStep(this.#job.steps.length - 1, { cached: true });
        break;
      case 'step-end':
        this.#endStep(output);
        break;
      case 'layer':
        this.#layers.push(output.imageId);
        if (!this.#stepIsCached) {
          this.#ownLayers.push(output.imageId);
        }
        break;
      case 'line':
        this.logLine(output.text);
        break;
    }
  }

  logLine(text: string): void {
    const from = this.#log.append(text);
    const { platform, node } = this.#job;
    this.#events.batch({ event: 'job.log', buildId: this.#buildId, platform, node, from, lines: [text] });
  }

  /** Restarts the job on another node after its node was lost. */
  moveTo(assignment: Assignment, problem: Problem): void {
    const lost = [...this.#job.lost, { node: this.#job.node, problem }];
    this.logLine(`${problem.message} Node ${assignment.node} takes over.`);
    this.#layers = [];
    this.#ownLayers = [];
    this.#stepStartsMs = [];
    // bytes and time of the lost attempt still count
    this.#update({ ...assignment, status: 'queued', steps: [], lost });
  }

  complete(image: { digest: `sha256:${string}`; size: number }): void {
    this.#finishSteps();
    this.#update({ ...image, status: 'done', durationMs: this.#elapsedMs() });
  }

  fail(problem: Problem): void {
    this.#finishSteps();
    const status = problem.code === 'build.cancelled' ? 'cancelled' : 'failed';
    this.#update({
      status,
      problem,
      durationMs: this.#elapsedMs(),
      ...(status === 'failed' ? { lastLines: this.#log.tail } : {}),
    });
  }

  #elapsedMs(): number {
    return this.#startedMs ? Math.round(performance.now() - this.#startedMs) : 0;
  }

  #startStep(step: Extract<EngineOutput, { kind: 'step' }>): void {
    if (!step.isConcurrent) {
      this.#finishSteps();
    }
    this.#stepStartsMs.push(performance.now());
    this.#stepIsCached = false;
    const { index, total, text, stage } = step;
    const startedAt = new Date().toISOString();
    const started: Step = { index, total, text, ...(stage ? { stage } : {}), cached: false, startedAt };
    this.logLine(`STEP ${index}/${total}: ${text}`);
    this.#update({ status: 'building', steps: [...this.#job.steps, started] });
  }

  #endStep({ index, stage, cached, failed }: Extract<EngineOutput, { kind: 'step-end' }>): void {
    const position = this.#job.steps.findLastIndex((step) => step.index === index && step.stage === stage);
    // an engine may report only after a step has ended that it was cached; the step keeps its duration then
    const durationMs = cached ? this.#job.steps[position]?.durationMs : undefined;
    this.#changeStep(position, {
      durationMs: durationMs ?? this.#sinceStepMs(position),
      cached,
      ...(failed ? { failed } : {}),
    });
  }

  #finishSteps(): void {
    this.#job.steps.forEach((step, position) => {
      if (step.durationMs === undefined) {
        this.#changeStep(position, { durationMs: this.#sinceStepMs(position) });
      }
    });
  }

  #sinceStepMs(position: number): number {
    return Math.round(performance.now() - (this.#stepStartsMs[position] ?? performance.now()));
  }

  #changeStep(position: number, change: Partial<Step>): void {
    const { steps } = this.#job;
    const step = steps[position];
    if (step) {
      this.#update({ steps: steps.with(position, { ...step, ...change }) });
    }
  }

  #update(change: Partial<Job>): void {
    const isNewPhase = change.status !== undefined && change.status !== this.#job.status;
    this.#job = { ...this.#job, ...change };
    const event: AppEvent = { event: 'job.changed', buildId: this.#buildId, job: this.#job };
    // a new phase is emitted at once, after the pending log lines
    if (isNewPhase) {
      this.#events.emit(event);
    } else {
      this.#events.batch(event);
    }
  }
}

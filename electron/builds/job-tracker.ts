import type { Job, Phase, Step } from '../../shared/build.ts';
import type { AppEvent } from '../../shared/contract.ts';
import type { Assignment } from '../../shared/farm.ts';
import { Failure, type Problem } from '../../shared/problem.ts';
import type { EngineOutput } from '../engines/engine.ts';
import type { Events } from '../events.ts';
import type { JobLog } from './job-log.ts';

/** The state of one job as it is told: every change of it goes out as an event, every line into its log. */
export class JobTracker {
  readonly #buildId: string;
  readonly #events: Events;
  readonly #log: JobLog;
  #job: Job;
  #startedMs = 0;
  /** When each step began, as `performance.now()` says it. */
  #stepStartsMs: number[] = [];
  /** Images that the steps of the present attempt left on the node. */
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

  /** Every image that the steps left or found on the node. */
  get layers(): readonly string[] {
    return this.#layers;
  }

  /** Those of {@link layers} that this build made, and did not find in the cache. */
  get ownLayers(): readonly string[] {
    return this.#ownLayers;
  }

  start(): void {
    this.#startedMs = performance.now();
    this.#set({ startedAt: new Date().toISOString() });
  }

  phase(status: Exclude<Phase, 'done' | 'failed' | 'cancelled'>): void {
    this.#finishSteps();
    this.#set({ status });
  }

  sent(bytes: number): void {
    this.#set({ bytesSent: this.#job.bytesSent + bytes });
  }

  received(bytes: number): void {
    this.#set({ bytesReceived: this.#job.bytesReceived + bytes });
  }

  transfer(transfer: 'push' | 'export'): void {
    this.#set({ transfer });
  }

  output(output: EngineOutput): void {
    switch (output.kind) {
      case 'context-read':
        break;
      case 'step':
        this.#beginStep(output);
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
        this.line(output.text);
        break;
    }
  }

  line(text: string): void {
    const from = this.#log.append(text);
    const { platform, node } = this.#job;
    this.#events.batch({ event: 'job.log', buildId: this.#buildId, platform, node, from, lines: [text] });
  }

  /** The node was lost; another takes over and begins anew. */
  moveTo(assignment: Assignment, problem: Problem): void {
    const lost = [...this.#job.lost, { node: this.#job.node, problem }];
    this.line(`${problem.message} Node ${assignment.node} takes over.`);
    this.#layers = [];
    this.#ownLayers = [];
    this.#stepStartsMs = [];
    // bytes and time of the lost attempt count: they were spent
    this.#set({ ...assignment, status: 'queued', steps: [], lost });
  }

  done(image: { digest: `sha256:${string}`; size: number }): void {
    this.#finishSteps();
    this.#set({ ...image, status: 'done', durationMs: this.#elapsed() });
  }

  failed(problem: Problem): void {
    this.#finishSteps();
    const status = problem.code === 'build.cancelled' ? 'cancelled' : 'failed';
    this.#set({
      status,
      problem,
      durationMs: this.#elapsed(),
      ...(status === 'failed' ? { lastLines: this.#log.tail } : {}),
    });
  }

  #elapsed(): number {
    return this.#startedMs ? Math.round(performance.now() - this.#startedMs) : 0;
  }

  #beginStep(step: Extract<EngineOutput, { kind: 'step' }>): void {
    if (!step.beside) {
      this.#finishSteps();
    }
    this.#stepStartsMs.push(performance.now());
    this.#stepIsCached = false;
    const { index, total, text, stage } = step;
    const startedAt = new Date().toISOString();
    const begun: Step = { index, total, text, ...(stage ? { stage } : {}), cached: false, startedAt };
    this.line(`STEP ${index}/${total}: ${text}`);
    this.#set({ status: 'building', steps: [...this.#job.steps, begun] });
  }

  #endStep({ index, stage, cached, failed }: Extract<EngineOutput, { kind: 'step-end' }>): void {
    const position = this.#job.steps.findLastIndex((step) => step.index === index && step.stage === stage);
    // an engine may find out later that a step which has ended was in its cache
    const ended = cached ? this.#job.steps[position]?.durationMs : undefined;
    this.#changeStep(position, {
      durationMs: ended ?? this.#sinceStep(position),
      cached,
      ...(failed ? { failed } : {}),
    });
  }

  #finishSteps(): void {
    this.#job.steps.forEach((step, position) => {
      if (step.durationMs === undefined) {
        this.#changeStep(position, { durationMs: this.#sinceStep(position) });
      }
    });
  }

  #sinceStep(position: number): number {
    return Math.round(performance.now() - (this.#stepStartsMs[position] ?? performance.now()));
  }

  #changeStep(position: number, change: Partial<Step>): void {
    const { steps } = this.#job;
    const step = steps[position];
    if (step) {
      this.#set({ steps: steps.with(position, { ...step, ...change }) });
    }
  }

  #set(change: Partial<Job>): void {
    const isNewPhase = change.status !== undefined && change.status !== this.#job.status;
    this.#job = { ...this.#job, ...change };
    const event: AppEvent = { event: 'job.changed', buildId: this.#buildId, job: this.#job };
    // a new phase is told at once, and with it the lines that came before it
    if (isNewPhase) {
      this.#events.emit(event);
    } else {
      this.#events.batch(event);
    }
  }
}

/** Says that the way to a node is gone, not that the build is bad: another node may do better. */
export function isNodeLoss(error: unknown): error is Failure {
  return error instanceof Failure && nodeLossCodes.has(error.problem.code);
}

const nodeLossCodes = new Set<string>([
  'ssh.lost',
  'ssh.unreachable',
  'ssh.timeout',
  'ssh.channel',
  'engine.unreachable',
  'engine.no-socket',
]);

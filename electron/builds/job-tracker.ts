import { isEnd, type Job, type JobState, type SecondAttempt } from '../../shared/build.ts';
import type { AppEvent } from '../../shared/contract.ts';
import type { Problem } from '../../shared/problem.ts';
import type { JobWait } from '../../shared/queue.ts';
import type { Assignment } from '../../shared/schedule.ts';
import type { Step } from '../../shared/step.ts';
import type { Events } from '../events.ts';
import { type AttemptLine, AttemptTracker } from './attempt-tracker.ts';
import type { JobLog } from './job-log.ts';

/** What is known of a job besides its current attempt. */
type JobFacts = Pick<
  JobState,
  'wait' | 'startedAt' | 'durationMs' | 'digest' | 'size' | 'problem' | 'lastLines' | 'lastLinesFrom' | 'second'
>;

/**
 * The state of one job. Emits every change of it as an event and writes its output to the job's log. What a node does for it is
 * reported by the tracker of an attempt: of the current one, which the job shows, or of one beside it.
 */
export class JobTracker {
  readonly #buildId: string;
  readonly #events: Events;
  readonly #log: JobLog;
  #attempt: AttemptTracker;
  #second: AttemptTracker | undefined;
  #facts: JobFacts = {};
  /** What is shown instead of the phase of the attempt. */
  #status: 'cancelling' | 'done' | 'failed' | 'cancelled' | undefined;
  /** Bytes of earlier attempts, which still count. */
  #before: Pick<JobState, 'bytesSent' | 'bytesReused' | 'bytesReceived'> = { bytesSent: 0, bytesReceived: 0 };
  /** The lost nodes with what they had done, which events do not have. */
  #lost: Job['lost'] = [];
  /** Of the last event. */
  #shownStatus: JobState['status'] = 'queued';
  #shownLost = 0;
  #startedMs = 0;

  constructor(buildId: string, assignment: Assignment, log: JobLog, events: Events) {
    this.#buildId = buildId;
    this.#events = events;
    this.#log = log;
    this.#attempt = this.#newAttempt(assignment);
  }

  get job(): Job {
    return { ...this.#state, steps: this.#attempt.steps, lost: this.#lost };
  }

  get #state(): JobState {
    const { bytesSent, bytesReused, bytesReceived } = this.#before;
    const { state } = this.#attempt;
    const reused = (bytesReused ?? 0) + (state.bytesReused ?? 0);
    return {
      ...state,
      ...this.#facts,
      bytesSent: bytesSent + state.bytesSent,
      bytesReceived: bytesReceived + state.bytesReceived,
      ...(reused > 0 ? { bytesReused: reused } : {}),
      status: this.#status ?? state.status,
      lost: this.#lost.map(({ steps: _, ...loss }) => loss),
    };
  }

  get log(): JobLog {
    return this.#log;
  }

  /** The attempt that the job shows. */
  get attempt(): AttemptTracker {
    return this.#attempt;
  }

  /** The attempt beside it, if there is one. */
  get second(): AttemptTracker | undefined {
    return this.#second;
  }

  /** The job waits for a slot of its node. */
  waitForSlot(wait: JobWait): void {
    this.#facts = { ...this.#facts, wait };
    this.#emit();
  }

  start(): void {
    this.#startedMs = performance.now();
    this.#update({ startedAt: new Date().toISOString() });
  }

  /** The job was asked to stop. It ends when its node has stopped, unless it is done before. */
  startCancelling(): void {
    if (this.#status === undefined) {
      this.#status = 'cancelling';
      this.#update({});
    }
  }

  logLine(text: string): void {
    this.#append({ text, stream: 'engine', time: Date.now(), stepId: undefined, stepLine: undefined });
  }

  /** The job, which has not started, waits for another node from now on. */
  takeOver(assignment: Assignment): void {
    const { node } = this.#attempt.state;
    this.logLine(`Node ${assignment.node} takes over from ${node}, where the job waited: ${assignment.reason}.`);
    this.#replaceAttempt(this.#newAttempt(assignment));
    this.#update({});
  }

  /** Restarts the job on another node after its node was lost or has failed. */
  moveTo(assignment: Assignment, problem: Problem): void {
    this.logLine(`${problem.message} Node ${assignment.node} takes over.`);
    this.#lose(problem);
    this.#replaceAttempt(this.#newAttempt(assignment));
    this.#update({});
  }

  /** Starts the job again on its node, without an image. Its log goes on. @param reason a sentence for the log */
  restart(reason: string): void {
    this.logLine(reason);
    const { platform, node, mode, reason: why, estimate } = this.#attempt.state;
    this.#replaceAttempt(
      this.#newAttempt({ platform, node, mode, reason: why, ...(estimate === undefined ? {} : { estimate }) }),
    );
    this.#facts = {};
    this.#status = undefined;
    this.#startedMs = 0;
    this.#update({});
  }

  /** Begins another attempt beside the current one. @param assignment its reason says why */
  beginSecond(assignment: Assignment): AttemptTracker {
    const { node, mode, reason } = assignment;
    const { state } = this.#attempt;
    this.logLine(`Node ${node} builds ${assignment.platform}, too: ${reason}. The first image is taken.`);
    const second = this.#newAttempt(assignment);
    this.#second = second;
    const startedAt = new Date().toISOString();
    this.#update({ second: { node, mode, reason, startedAt, beside: state.node, state: 'running' } });
    return second;
  }

  /** The second attempt has failed, or is stopped because the current one has the image. */
  endSecond(problem?: Problem): void {
    const { second } = this.#facts;
    if (second && this.#second) {
      this.logLine(
        problem
          ? `${problem.message} The attempt on node ${second.node} has failed. That on ${second.beside} goes on.`
          : `Node ${second.beside} has the image first. The attempt on node ${second.node} is stopped.`,
      );
      this.#second = undefined;
      this.#setSecond({ state: problem ? 'failed' : 'stopped', ...(problem ? { problem } : {}) });
    }
  }

  /**
   * The job is that of the second attempt from now on.
   * @param problem why the current one does not count: it has failed, or it was slower
   */
  adoptSecond(problem: Problem): void {
    const second = this.#second;
    if (!second) {
      return;
    }
    const { state } = second;
    this.logLine(`${problem.message} The attempt on node ${state.node} counts.`);
    this.#lose(problem);
    this.#second = undefined;
    this.#replaceAttempt(second);
    this.#setSecond({ state: 'taken' });
    for (const step of second.steps) {
      this.onStep(second, step);
    }
  }

  /** @param save is done before anyone hears of it, so that what was reported as done stays done if this process is killed */
  async complete(
    image: { digest: `sha256:${string}`; size: number },
    save: () => Promise<void> = async () => undefined,
  ): Promise<void> {
    this.#attempt.finishSteps();
    this.#status = 'done';
    const { wait: _, ...facts } = this.#facts;
    this.#facts = { ...facts, ...image, durationMs: this.#elapsedMs() };
    await save().catch(() => undefined);
    this.#emit();
  }

  /** Steps that still run keep no duration, except the one that the failure is counted for. */
  fail(problem: Problem): void {
    const status = problem.code === 'build.cancelled' ? 'cancelled' : 'failed';
    if (status === 'failed') {
      this.#attempt.failStep(problem);
    }
    if (this.#second) {
      this.#second = undefined;
      this.#facts = { ...this.#facts, ...secondWith(this.#facts, { state: 'stopped' }) };
    }
    const { tail, tailFrom } = this.#log;
    this.#status = status;
    this.#update({
      problem,
      durationMs: this.#elapsedMs(),
      ...(status === 'failed'
        ? { lastLines: tail, ...(tailFrom === undefined ? {} : { lastLinesFrom: tailFrom }) }
        : {}),
    });
  }

  onChange(attempt: AttemptTracker): void {
    if (attempt === this.#attempt && (this.#status === undefined || !isEnd(this.#status))) {
      this.#update({});
    }
  }

  onStep(attempt: AttemptTracker, step: Step): void {
    if (attempt === this.#attempt) {
      const { platform } = attempt.state;
      this.#events.batch({ event: 'step.changed', buildId: this.#buildId, platform, step });
    }
  }

  /** Lines of another attempt than the current one begin with the name of its node. */
  onLine(attempt: AttemptTracker, line: AttemptLine): void {
    this.#append(
      attempt === this.#attempt ? line : { ...line, text: `[${attempt.state.node}] ${line.text}` },
      attempt !== this.#attempt,
    );
  }

  /** @param isOfOther its step is not one of the job's */
  #append({ text, stream, time, stepId, stepLine }: AttemptLine, isOfOther = false): void {
    const added = this.#log.append(text, { stream, time, stepLine });
    if (!added) {
      return;
    }
    const { platform, node } = this.#attempt.state;
    this.#events.batch({
      event: 'job.log',
      buildId: this.#buildId,
      platform,
      node,
      from: added.number,
      lines: [added.line],
      stepIds: [isOfOther ? null : (stepId ?? null)],
      times: [time],
      streams: [stream],
    });
  }

  #newAttempt(assignment: Assignment): AttemptTracker {
    return new AttemptTracker(assignment, this);
  }

  /** Bytes and time of the earlier attempt still count. */
  #replaceAttempt(attempt: AttemptTracker): void {
    const { bytesSent, bytesReused, bytesReceived } = this.#state;
    this.#before = { bytesSent, bytesReceived, ...(bytesReused === undefined ? {} : { bytesReused }) };
    this.#attempt = attempt;
  }

  /** Records why the current attempt does not count any more. */
  #lose(problem: Problem): void {
    const { state, steps } = this.#attempt;
    const { node, mode } = state;
    this.#lost = [...this.#lost, { node, mode, problem, at: new Date().toISOString(), steps: [...steps] }];
  }

  #setSecond(change: Partial<SecondAttempt>): void {
    this.#update(secondWith(this.#facts, change));
  }

  #elapsedMs(): number {
    return this.#startedMs ? Math.round(performance.now() - this.#startedMs) : 0;
  }

  #update(change: JobFacts): void {
    // a job waits only until anything else happens to it
    const { wait: _, ...facts } = this.#facts;
    this.#facts = { ...facts, ...change };
    this.#emit();
  }

  #emit(): void {
    const job = this.#state;
    const event: AppEvent = { event: 'job.changed', buildId: this.#buildId, job };
    // a new phase is emitted at once, after the pending log lines and steps
    if (job.status !== this.#shownStatus || job.lost.length !== this.#shownLost) {
      this.#events.emit(event);
    } else {
      this.#events.batch(event);
    }
    this.#shownStatus = job.status;
    this.#shownLost = job.lost.length;
  }
}

function secondWith({ second }: JobFacts, change: Partial<SecondAttempt>): Pick<JobFacts, 'second'> {
  return second ? { second: { ...second, ...change } } : {};
}

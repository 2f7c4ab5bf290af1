import { type Build, isEnd, type Job } from '../../../shared/build.ts';
import type { Step } from '../../../shared/step.ts';
import { failedStep, jobEndTime } from './job-state.ts';

export type BarState = 'done' | 'cached' | 'running' | 'failed' | 'cancelled';

/** A step or transfer of one job over time. Times are in milliseconds since the start of the build. */
export interface Bar {
  readonly key: string;
  /** The index of its row. */
  readonly row: number;
  /** The index of its job in the build. */
  readonly lane: number;
  readonly job: Job;
  readonly text: string;
  readonly startMs: number;
  /** Undefined while it is running. */
  readonly endMs: number | undefined;
  readonly state: BarState;
  /** Undefined for sending the context and transferring the image. */
  readonly step: Step | undefined;
  /** It ran on a node that was lost; the job runs elsewhere now. */
  readonly isEarlier: boolean;
}

/** An instruction or a transfer, with the bar of each job in the order of the jobs. */
export interface StepRow {
  readonly key: string;
  /** Counted from 1 across all stages; undefined for a transfer. */
  readonly number: number | undefined;
  readonly text: string;
  /** Whether the instruction is the first of another stage. */
  readonly startsStage: boolean;
  readonly bars: readonly (Bar | undefined)[];
  /** Bars of nodes that were lost, in the lanes of their jobs. */
  readonly earlierBars: readonly Bar[];
}

type Span = Omit<Bar, 'key' | 'row' | 'lane' | 'job' | 'text' | 'isEarlier'>;

interface RowDraft {
  readonly key: string;
  readonly text: string;
  /** Undefined for a transfer. */
  readonly number: number | undefined;
  readonly startsStage: boolean;
  readonly spans: (Span | undefined)[];
}

/**
 * The steps of all platforms in common rows. Steps with the same id share a row, since all platforms run the same
 * Containerfile. A stage that only some platforms need has rows with bars for these platforms only.
 */
export function stepRows({
  jobs,
  createdAt,
  resumedAt,
  status,
}: Pick<Build, 'jobs' | 'createdAt' | 'resumedAt' | 'status'>): StepRow[] {
  // what was finished before an interruption begins where the rest does
  const originOf = ({ startedAt }: Job): number =>
    Date.parse(resumedAt !== undefined && (startedAt ?? resumedAt) >= resumedAt ? resumedAt : createdAt);
  const hasEnded = status !== 'running';
  const all = jobs.flatMap(attemptsOf);
  const attempts = all.map(({ job }) => job);
  const spansOf = (spanOf: (job: Job) => Span | undefined): (Span | undefined)[] => attempts.map(spanOf);
  const transfer = { number: undefined, startsStage: false };
  const drafts: RowDraft[] = [
    {
      ...transfer,
      key: 'context',
      text: 'Send context',
      spans: spansOf((job) => contextSpan(job, originOf(job), hasEnded)),
    },
    ...instructionRows(attempts).map(({ steps, ...row }) => ({
      ...row,
      spans: steps.map((step, index) => {
        const job = attempts[index];
        return step && job ? stepSpan(job, step, originOf(job), hasEnded) : undefined;
      }),
    })),
    {
      ...transfer,
      key: 'transfer',
      text: 'Transfer image',
      spans: spansOf((job) => transferSpan(job, originOf(job), hasEnded)),
    },
  ];
  return drafts
    .filter(({ spans }) => spans.some(Boolean))
    .map(({ spans, ...draft }, row) => {
      const bars = all.flatMap(({ job, lane, number }, index): Bar[] => {
        const span = spans[index];
        // expanded variables can make the step of this platform differ from the text of the row
        const text = span?.step?.name ?? draft.text;
        const key = `${draft.key} ${job.platform}${number === undefined ? '' : ` ${number}`}`;
        return span ? [{ ...span, key, row, lane, job, text, isEarlier: number !== undefined }] : [];
      });
      return {
        ...draft,
        bars: jobs.map((_, lane) => bars.find((bar) => bar.lane === lane && !bar.isEarlier)),
        earlierBars: bars.filter(({ isEarlier }) => isEarlier),
      };
    });
}

interface Attempt {
  readonly job: Job;
  readonly lane: number;
  /** Counted from 1; undefined for the current one. */
  readonly number: number | undefined;
}

/** A job on each of its nodes, as if each were a job of its own. Older versions did not record what lost nodes had done. */
function attemptsOf(job: Job, lane: number): Attempt[] {
  const attempts: Attempt[] = [];
  let startedAt = job.startedAt;
  let lostMs = 0;
  for (const [index, { at, steps, node, problem, mode = job.mode }] of job.lost.entries()) {
    if (at !== undefined && steps && startedAt !== undefined) {
      const durationMs = Math.max(0, Date.parse(at) - Date.parse(startedAt));
      const earlier: Job = { ...job, node, mode, problem, steps, startedAt, durationMs, status: 'cancelled', lost: [] };
      attempts.push({ job: earlier, lane, number: index + 1 });
      lostMs += durationMs;
      startedAt = at;
    }
  }
  const { durationMs } = job;
  const current: Job =
    attempts.length === 0
      ? job
      : {
          ...job,
          startedAt,
          ...(durationMs === undefined ? {} : { durationMs: Math.max(0, durationMs - lostMs) }),
          lost: job.lost.slice(attempts.length),
        };
  return [...attempts, { job: current, lane, number: undefined }];
}

interface InstructionRow extends Omit<RowDraft, 'spans'> {
  readonly number: number;
  readonly steps: readonly (Step | undefined)[];
}

function instructionRows(jobs: readonly Job[]): InstructionRow[] {
  const byId = new Map<string, (Step | undefined)[]>();
  jobs.forEach((job, lane) => {
    for (const step of job.steps) {
      const steps = byId.get(step.id) ?? jobs.map(() => undefined);
      steps[lane] = step;
      byId.set(step.id, steps);
    }
  });
  const rows = [...byId].map(([key, steps]) => {
    const known = steps.filter((step) => step !== undefined);
    // a platform may not need all stages
    const number = Math.max(...known.map(({ index }) => index));
    return { key, number, text: known[0]?.name ?? '', stage: known[0]?.stage, steps };
  });
  rows.sort((a, b) => a.number - b.number);
  return rows.map(({ stage, ...row }, index) => ({
    ...row,
    startsStage: index > 0 && stage !== rows[index - 1]?.stage,
  }));
}

function stepSpan(job: Job, step: Step, origin: number, hasEnded: boolean): Span {
  const startMs = Date.parse(step.startedAt) - origin;
  const isOpen = step.durationMs === undefined;
  const hasStopped = hasEnded || isEnd(job.status);
  const end = isOpen && hasStopped ? (jobEndTime(job) ?? Date.parse(step.startedAt)) - origin : undefined;
  const endMs = isOpen ? end : startMs + (step.durationMs ?? 0);
  return { startMs, endMs: endMs === undefined ? undefined : Math.max(startMs, endMs), state: state(), step };

  function state(): BarState {
    if (step.error !== undefined) {
      return 'failed';
    }
    if (isOpen) {
      return hasStopped ? 'cancelled' : 'running';
    }
    return step.cached ? 'cached' : 'done';
  }
}

/** From the start of a job to its first step. Unknown for a job that an older version moved to another node: `startedAt` is its first start. */
function contextSpan(job: Job, origin: number, hasEnded: boolean): Span | undefined {
  const [first] = job.steps;
  if (job.startedAt === undefined || job.lost.length > 0 || (!first && job.status === 'queued')) {
    return undefined;
  }
  const startMs = Date.parse(job.startedAt) - origin;
  if (first) {
    const endMs = Math.max(startMs, Date.parse(first.startedAt) - origin);
    return { startMs, endMs, state: 'done', step: undefined };
  }
  const end = jobEndTime(job);
  if (end !== undefined) {
    const state = job.status === 'failed' ? 'failed' : job.status === 'cancelled' ? 'cancelled' : 'done';
    return { startMs, endMs: end - origin, state, step: undefined };
  }
  return hasEnded ? undefined : { startMs, endMs: undefined, state: 'running', step: undefined };
}

/** A job that is being cancelled has begun to transfer its image if the method is known. */
function isTransferring({ status, transfer }: Job): boolean {
  return status === 'transferring' || (status === 'cancelling' && transfer !== undefined);
}

/** From the end of the last step to the end of the job. */
function transferSpan(job: Job, origin: number, hasEnded: boolean): Span | undefined {
  const hasFailed = job.status === 'failed' && !failedStep(job);
  const ends = job.steps.map(({ startedAt, durationMs }) => Date.parse(startedAt) + (durationMs ?? Number.NaN));
  const lastEnd = Math.max(...ends);
  if (!Number.isFinite(lastEnd) || !(isTransferring(job) || job.status === 'done' || hasFailed)) {
    return undefined;
  }
  const startMs = lastEnd - origin;
  const end = jobEndTime(job);
  if (end === undefined) {
    return hasEnded ? undefined : { startMs, endMs: undefined, state: 'running', step: undefined };
  }
  const endMs = Math.max(startMs, end - origin);
  return { startMs, endMs, state: hasFailed ? 'failed' : 'done', step: undefined };
}

import { type Build, isEnd, type Job, type Step } from '../../../shared/build.ts';
import { failedStep, isInterrupted, jobEndTime } from './job-state.ts';
import { stageOf } from './progress.ts';

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
}

type Span = Omit<Bar, 'key' | 'row' | 'lane' | 'job' | 'text'>;

interface RowDraft {
  readonly key: string;
  readonly text: string;
  readonly isStep: boolean;
  readonly spans: (Span | undefined)[];
}

/**
 * The steps of all platforms in common rows. Steps with the same stage and index share a row, since all platforms run the
 * same Containerfile. A stage that only some platforms need has rows with bars for these platforms only.
 */
export function stepRows({ jobs, createdAt, status }: Pick<Build, 'jobs' | 'createdAt' | 'status'>): StepRow[] {
  const origin = Date.parse(createdAt);
  const hasEnded = status !== 'running';
  const spansOf = (spanOf: (job: Job) => Span | undefined): (Span | undefined)[] => jobs.map(spanOf);
  const drafts: RowDraft[] = [
    {
      key: 'context',
      text: 'Send context',
      isStep: false,
      spans: spansOf((job) => contextSpan(job, origin, hasEnded)),
    },
    ...instructionRows(jobs).map(({ key, text, steps }) => ({
      key,
      text,
      isStep: true,
      spans: steps.map((step, index) => {
        const job = jobs[index];
        return step && job ? stepSpan(job, step, origin, hasEnded) : undefined;
      }),
    })),
    {
      key: 'transfer',
      text: 'Transfer image',
      isStep: false,
      spans: spansOf((job) => transferSpan(job, origin, hasEnded)),
    },
  ];
  let number = 0;
  return drafts
    .filter(({ spans }) => spans.some(Boolean))
    .map(({ key, text, isStep, spans }, row) => {
      number += isStep ? 1 : 0;
      return {
        key,
        number: isStep ? number : undefined,
        text,
        startsStage: isStep && number > 1 && /^FROM\s/i.test(text),
        bars: spans.map((span, lane) => {
          const job = jobs[lane];
          // expanded variables can make the step of this platform differ from the text of the row
          const barText = span?.step?.text ?? text;
          return span && job ? { ...span, key: `${key} ${job.platform}`, row, lane, job, text: barText } : undefined;
        }),
      };
    });
}

function instructionRows(
  jobs: readonly Job[],
): { readonly key: string; readonly text: string; readonly steps: readonly (Step | undefined)[] }[] {
  const byKey = new Map<string, { stage: number; index: number; text: string; steps: (Step | undefined)[] }>();
  jobs.forEach((job, lane) => {
    for (const step of job.steps) {
      const stage = stageOf(step)?.number ?? 0;
      const key = `${stage}.${step.index}`;
      const row = byKey.get(key) ?? { stage, index: step.index, text: step.text, steps: jobs.map(() => undefined) };
      row.steps[lane] = step;
      byKey.set(key, row);
    }
  });
  return [...byKey.entries()]
    .map(([key, row]) => ({ key, ...row }))
    .sort((a, b) => a.stage - b.stage || a.index - b.index);
}

function stepSpan(job: Job, step: Step, origin: number, hasEnded: boolean): Span {
  const startMs = Date.parse(step.startedAt) - origin;
  const isLast = job.steps.at(-1) === step;
  const isOpen = step.durationMs === undefined;
  const hasStopped = hasEnded || isEnd(job.status);
  const end = isOpen && hasStopped ? (jobEndTime(job) ?? Date.parse(step.startedAt)) - origin : undefined;
  const endMs = isOpen ? end : startMs + (step.durationMs ?? 0);
  return { startMs, endMs: endMs === undefined ? undefined : Math.max(startMs, endMs), state: state(), step };

  function state(): BarState {
    if (failedStep(job) === step) {
      return 'failed';
    }
    if (isLast && (job.status === 'cancelled' || (isOpen && isInterrupted(job)))) {
      return 'cancelled';
    }
    return step.cached ? 'cached' : isOpen && !hasStopped ? 'running' : 'done';
  }
}

/** From the start of a job to its first step. Unknown for a job that moved to another node: `startedAt` is its first start. */
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

/** From the end of the last step to the end of the job. */
function transferSpan(job: Job, origin: number, hasEnded: boolean): Span | undefined {
  const hasFailed = job.status === 'failed' && !failedStep(job);
  const ends = job.steps.map(({ startedAt, durationMs }) => Date.parse(startedAt) + (durationMs ?? Number.NaN));
  const lastEnd = Math.max(...ends);
  if (!Number.isFinite(lastEnd) || !(job.status === 'transferring' || job.status === 'done' || hasFailed)) {
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

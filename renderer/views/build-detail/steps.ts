import { type Build, isEnd, type Job, type Step } from '../../../shared/build.ts';
import { endOf, failedStep, isInterrupted, stageOf } from './progress.ts';

export type BarState = 'done' | 'cached' | 'running' | 'failed' | 'cancelled';

/** What one job did from one time to another. Times are milliseconds since the build began. */
export interface Bar {
  readonly key: string;
  /** Its place in the rows, and that of its job among the jobs. */
  readonly row: number;
  readonly lane: number;
  readonly job: Job;
  readonly text: string;
  readonly startMs: number;
  /** Undefined while it goes on. */
  readonly endMs: number | undefined;
  readonly state: BarState;
  /** Undefined for the way of the context to the node and of the image back. */
  readonly step: Step | undefined;
}

/** One instruction, or one way, with what each job did there, in the order of the jobs. */
export interface StepRow {
  readonly key: string;
  /** Counted from 1 over all instructions. */
  readonly number: number | undefined;
  readonly text: string;
  /** A new stage begins here. */
  readonly startsStage: boolean;
  readonly bars: readonly (Bar | undefined)[];
}

type Span = Omit<Bar, 'key' | 'row' | 'lane' | 'job' | 'text'>;

interface Line {
  readonly key: string;
  readonly text: string;
  readonly isStep: boolean;
  readonly spans: (Span | undefined)[];
}

/**
 * The steps of all platforms, side by side. They are brought together by stage and index, which are the same for all of
 * them since all run one Containerfile; platforms may need different stages of it, and then have rows of their own.
 */
export function alignSteps({ jobs, createdAt, status }: Pick<Build, 'jobs' | 'createdAt' | 'status'>): StepRow[] {
  const origin = Date.parse(createdAt);
  const isOver = status !== 'running';
  const spansOf = (spanOf: (job: Job) => Span | undefined): (Span | undefined)[] => jobs.map(spanOf);
  const lines: Line[] = [
    {
      key: 'context',
      text: 'Send context',
      isStep: false,
      spans: spansOf((job) => contextSpan(job, origin, isOver)),
    },
    ...instructionLines(jobs).map(({ key, text, steps }) => ({
      key,
      text,
      isStep: true,
      spans: steps.map((step, index) => {
        const job = jobs[index];
        return step && job ? stepSpan(job, step, origin, isOver) : undefined;
      }),
    })),
    {
      key: 'transfer',
      text: 'Bring image back',
      isStep: false,
      spans: spansOf((job) => transferSpan(job, origin, isOver)),
    },
  ];
  let number = 0;
  return lines
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
          // what this platform's own step says, where variables make it differ from others
          const own = span?.step?.text ?? text;
          return span && job ? { ...span, key: `${key} ${job.platform}`, row, lane, job, text: own } : undefined;
        }),
      };
    });
}

function instructionLines(
  jobs: readonly Job[],
): { readonly key: string; readonly text: string; readonly steps: readonly (Step | undefined)[] }[] {
  const found = new Map<string, { stage: number; index: number; text: string; steps: (Step | undefined)[] }>();
  jobs.forEach((job, lane) => {
    for (const step of job.steps) {
      const stage = stageOf(step)?.number ?? 0;
      const key = `${stage}.${step.index}`;
      const line = found.get(key) ?? { stage, index: step.index, text: step.text, steps: jobs.map(() => undefined) };
      line.steps[lane] = step;
      found.set(key, line);
    }
  });
  return [...found.entries()]
    .map(([key, line]) => ({ key, ...line }))
    .sort((a, b) => a.stage - b.stage || a.index - b.index);
}

function stepSpan(job: Job, step: Step, origin: number, isOver: boolean): Span {
  const startMs = Date.parse(step.startedAt) - origin;
  const isLast = job.steps.at(-1) === step;
  const isOpen = step.durationMs === undefined;
  const stops = isOver || isEnd(job.status);
  const end = isOpen && stops ? (endOf(job) ?? Date.parse(step.startedAt)) - origin : undefined;
  const endMs = isOpen ? end : startMs + (step.durationMs ?? 0);
  return { startMs, endMs: endMs === undefined ? undefined : Math.max(startMs, endMs), state: state(), step };

  function state(): BarState {
    if (failedStep(job) === step) {
      return 'failed';
    }
    if (isLast && (job.status === 'cancelled' || (isOpen && isInterrupted(job)))) {
      return 'cancelled';
    }
    return step.cached ? 'cached' : isOpen && !stops ? 'running' : 'done';
  }
}

/** From the start of a job to its first step. Of a job that has moved nobody knows when it began anew. */
function contextSpan(job: Job, origin: number, isOver: boolean): Span | undefined {
  const [first] = job.steps;
  if (job.startedAt === undefined || job.lost.length > 0 || (!first && job.status === 'queued')) {
    return undefined;
  }
  const startMs = Date.parse(job.startedAt) - origin;
  if (first) {
    const endMs = Math.max(startMs, Date.parse(first.startedAt) - origin);
    return { startMs, endMs, state: 'done', step: undefined };
  }
  const end = endOf(job);
  if (end !== undefined) {
    const state = job.status === 'failed' ? 'failed' : job.status === 'cancelled' ? 'cancelled' : 'done';
    return { startMs, endMs: end - origin, state, step: undefined };
  }
  return isOver ? undefined : { startMs, endMs: undefined, state: 'running', step: undefined };
}

/** From the end of the last step to the end of the job. */
function transferSpan(job: Job, origin: number, isOver: boolean): Span | undefined {
  const failed = job.status === 'failed' && !failedStep(job);
  const ends = job.steps.map(({ startedAt, durationMs }) => Date.parse(startedAt) + (durationMs ?? Number.NaN));
  const lastEnd = Math.max(...ends);
  if (!Number.isFinite(lastEnd) || !(job.status === 'pulling' || job.status === 'done' || failed)) {
    return undefined;
  }
  const startMs = lastEnd - origin;
  const end = endOf(job);
  if (end === undefined) {
    return isOver ? undefined : { startMs, endMs: undefined, state: 'running', step: undefined };
  }
  const endMs = Math.max(startMs, end - origin);
  return { startMs, endMs, state: failed ? 'failed' : 'done', step: undefined };
}

/** Where the arrow keys lead from one bar to another. */
export function nextBar(bars: readonly Bar[], from: Bar, key: string, by: 'step' | 'platform'): Bar | undefined {
  const own = bars.filter(({ lane }) => lane === from.lane).sort((a, b) => a.row - b.row);
  const place = own.indexOf(from);
  switch (key) {
    case 'ArrowRight':
      return own[place + 1];
    case 'ArrowLeft':
      return own[place - 1];
    case 'Home':
      return own[0];
    case 'End':
      return own.at(-1);
    case 'ArrowDown':
    case 'ArrowUp': {
      const step = key === 'ArrowDown' ? 1 : -1;
      return by === 'step' ? besideInRows(bars, from, step) : nearestInLane(bars, from, from.lane + step);
    }
    default:
      return undefined;
  }
}

function besideInRows(bars: readonly Bar[], from: Bar, step: number): Bar | undefined {
  const ordered = [...bars].sort((a, b) => a.row - b.row || a.lane - b.lane);
  return ordered[ordered.indexOf(from) + step];
}

function nearestInLane(bars: readonly Bar[], from: Bar, lane: number): Bar | undefined {
  return bars
    .filter((bar) => bar.lane === lane)
    .sort((a, b) => Math.abs(a.row - from.row) - Math.abs(b.row - from.row))[0];
}

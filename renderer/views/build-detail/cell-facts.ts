import type { Job } from '../../../shared/build.ts';
import { formatBytes, formatBytesOf, formatDigest } from '../../../shared/format.ts';
import type { Said } from '../../parts/PhaseBadge.tsx';
import { cachedCount, failedStep, isInterrupted, lossOf, type Progress, phaseOf, progressOf } from './progress.ts';
import type { Source } from './source.ts';

/** All that a cell says of its job, as words. `–` stands where there is nothing yet, so that nothing moves when it comes. */
export interface CellFacts {
  readonly phase: Said;
  readonly word: string;
  /** What it does now, did last, or made; `detail` is the whole of it, where it may be cut. */
  readonly doing: string;
  readonly detail: string;
  readonly isCode: boolean;
  readonly progress: Progress | undefined;
  /** How full the bar is, from 0 to 1; undefined where nobody knows. */
  readonly share: number | undefined;
  readonly sent: string;
  /** Without the whole that it is a part of, for narrow places. */
  readonly sentShort: string;
  readonly received: string;
  readonly cached: string;
  readonly lost: string | undefined;
  /** For screen readers: the whole cell in a sentence. */
  readonly label: string;
}

const none = '–';

export function cellFacts(job: Job, contextBytes: number | undefined, source: Source | undefined): CellFacts {
  const { phase, word } = phaseOf(job);
  const last = job.steps.at(-1);
  const progress = last && progressOf(job, last, source);
  const { doing, isCode } = doingOf(job);
  const cached = cachedCount(job);
  const lost = lossOf(job);
  return {
    phase,
    word,
    doing,
    detail: isCode ? (last?.text ?? doing) : doing,
    isCode,
    progress,
    share: shareOf(job, progress, contextBytes),
    sent: sentOf(job, contextBytes),
    sentShort: sentOf(job, undefined),
    received: job.bytesReceived > 0 ? formatBytes(job.bytesReceived) : none,
    cached: cached > 0 ? `${cached} cached` : '',
    lost,
    label: [
      `${job.platform} on ${job.node}, ${job.mode}`,
      word,
      ...(progress ? [`step ${progress.index} of ${progress.total}`] : []),
      doing,
      ...(lost ? [lost] : []),
    ].join(', '),
  };
}

function doingOf(job: Job): { doing: string; isCode: boolean } {
  const step = job.steps.at(-1);
  if (job.status === 'cancelled' || isInterrupted(job)) {
    return step ? { doing: step.text, isCode: true } : { doing: 'Nothing was built', isCode: false };
  }
  switch (job.status) {
    case 'queued':
      return { doing: job.reason, isCode: false };
    case 'context':
      return { doing: 'The node reads the context', isCode: false };
    case 'building':
      return { doing: step?.text ?? 'Starting', isCode: step !== undefined };
    case 'pulling':
      return { doing: 'The image comes back', isCode: false };
    case 'done':
      return {
        doing: job.digest ? `${formatDigest(job.digest)} · ${formatBytes(job.size ?? 0)}` : 'Built',
        isCode: false,
      };
    case 'failed': {
      const failed = failedStep(job);
      return failed ? { doing: failed.text, isCode: true } : { doing: job.problem?.message ?? 'Failed', isCode: false };
    }
  }
}

function shareOf(job: Job, progress: Progress | undefined, contextBytes: number | undefined): number | undefined {
  switch (job.status) {
    case 'queued':
      return 0;
    case 'context':
      return contextBytes ? Math.min(1, job.bytesSent / contextBytes) : undefined;
    case 'pulling':
      return undefined;
    case 'done':
      return 1;
    default:
      if (isInterrupted(job) && !progress) {
        return 0;
      }
      // the present step is under way, or has failed: it is not part of what is done
      return progress ? (progress.index - 1) / Math.max(1, progress.total) : 0;
  }
}

function sentOf({ bytesSent, status }: Job, contextBytes: number | undefined): string {
  if (bytesSent === 0) {
    return none;
  }
  return status === 'context' && contextBytes ? formatBytesOf(bytesSent, contextBytes) : formatBytes(bytesSent);
}

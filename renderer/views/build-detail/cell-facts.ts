import type { Job } from '../../../shared/build.ts';
import { formatBytes, formatBytesOf, formatDigest } from '../../../shared/format.ts';
import type { DisplayPhase } from '../../parts/PhaseBadge.tsx';
import type { ContainerfileSource } from './containerfile-source.ts';
import { cachedCount, displayPhaseOf, failedStep, isInterrupted, lostNodesText } from './job-state.ts';
import { type StepPosition, stepPosition } from './progress.ts';

/** The texts and values of a cell. A missing value is shown as `–`, so that the layout does not move when it arrives. */
export interface CellFacts {
  readonly phase: DisplayPhase;
  readonly phaseText: string;
  /** What the job does, did last or built; may be cut off. `detail` is the full text. */
  readonly activity: string;
  readonly detail: string;
  readonly isCode: boolean;
  readonly progress: StepPosition | undefined;
  /** The fill level of the progress bar from 0 to 1; undefined if unknown. */
  readonly share: number | undefined;
  readonly sent: string;
  /** {@link sent} without the total, for narrow layouts. */
  readonly sentWithoutTotal: string;
  readonly received: string;
  readonly cached: string;
  readonly lostNodes: string | undefined;
  /** The whole cell as a sentence, for screen readers. */
  readonly label: string;
}

const noValue = '–';

export function cellFacts(
  job: Job,
  contextBytes: number | undefined,
  source: ContainerfileSource | undefined,
): CellFacts {
  const { phase, text: phaseText } = displayPhaseOf(job);
  const last = job.steps.at(-1);
  const progress = last && stepPosition(job, last, source);
  const { activity, isCode } = activityOf(job);
  const cached = cachedCount(job);
  const lostNodes = lostNodesText(job);
  return {
    phase,
    phaseText,
    activity,
    detail: isCode ? (last?.text ?? activity) : activity,
    isCode,
    progress,
    share: progressShare(job, progress, contextBytes),
    sent: sentText(job, contextBytes),
    sentWithoutTotal: sentText(job, undefined),
    received: job.bytesReceived > 0 ? formatBytes(job.bytesReceived) : noValue,
    cached: cached > 0 ? `${cached} cached` : '',
    lostNodes,
    label: [
      `${job.platform} on ${job.node}, ${job.mode}`,
      phaseText,
      ...(progress ? [`step ${progress.index} of ${progress.total}`] : []),
      activity,
      ...(lostNodes ? [lostNodes] : []),
    ].join(', '),
  };
}

function activityOf(job: Job): { activity: string; isCode: boolean } {
  const step = job.steps.at(-1);
  if (job.status === 'cancelled' || isInterrupted(job)) {
    return step ? { activity: step.text, isCode: true } : { activity: 'Nothing was built', isCode: false };
  }
  switch (job.status) {
    case 'queued':
      return { activity: job.reason, isCode: false };
    case 'context':
      return { activity: 'The node is reading the context', isCode: false };
    case 'building':
      return { activity: step?.text ?? 'Starting', isCode: step !== undefined };
    case 'transferring':
      return { activity: 'Copying to local storage', isCode: false };
    case 'done':
      return {
        activity: job.digest ? `${formatDigest(job.digest)} · ${formatBytes(job.size ?? 0)}` : 'Built',
        isCode: false,
      };
    case 'failed': {
      const failed = failedStep(job);
      return failed
        ? { activity: failed.text, isCode: true }
        : { activity: job.problem?.message ?? 'Failed', isCode: false };
    }
  }
}

function progressShare(
  job: Job,
  progress: StepPosition | undefined,
  contextBytes: number | undefined,
): number | undefined {
  switch (job.status) {
    case 'queued':
      return 0;
    case 'context':
      return contextBytes ? Math.min(1, job.bytesSent / contextBytes) : undefined;
    case 'transferring':
      return undefined;
    case 'done':
      return 1;
    default:
      if (isInterrupted(job) && !progress) {
        return 0;
      }
      // the last step is still running or has failed, so it does not count as completed
      return progress ? (progress.index - 1) / Math.max(1, progress.total) : 0;
  }
}

function sentText({ bytesSent, status }: Job, contextBytes: number | undefined): string {
  if (bytesSent === 0) {
    return noValue;
  }
  return status === 'context' && contextBytes ? formatBytesOf(bytesSent, contextBytes) : formatBytes(bytesSent);
}

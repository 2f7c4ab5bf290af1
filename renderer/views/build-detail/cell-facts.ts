import type { Job } from '../../../shared/build.ts';
import { formatBytes, formatBytesOf, formatDigest, formatSent } from '../../../shared/format.ts';
import { foundInTexts } from '../../../shared/found-in.ts';
import { behindText, formatWait } from '../../../shared/queue-text.ts';
import { currentStep, endedShare, moreRunningText, runningSteps, type Step } from '../../../shared/step.ts';
import { wordOf } from '../../../shared/words.ts';
import type { DisplayPhase } from '../../parts/PhaseBadge.tsx';
import { cachedCount, displayPhaseOf, failedStep, lostNodesText } from './job-state.ts';

/** The texts and values of a cell. A missing value is shown as `–`, so that the layout does not move when it arrives. */
export interface CellFacts {
  readonly phase: DisplayPhase;
  readonly phaseText: string;
  /** What the job does, did last or built; may be cut off. `detail` is the full text. */
  readonly activity: string;
  readonly detail: string;
  readonly isCode: boolean;
  /** How many other steps run: `+2 more`; else empty. */
  readonly more: string;
  readonly step: Step | undefined;
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

export function cellFacts(job: Job, contextBytes: number | undefined): CellFacts {
  const { phase, text: phaseText } = displayPhaseOf(job);
  const step = currentStep(job);
  const more = job.status === 'building' ? moreRunningText(job) : '';
  const { activity, isCode } = activityOf(job);
  const behind = job.wait && behindText(job.wait);
  const whole = behind === undefined ? activity : `${activity}, ${behind}`;
  const cached = cachedCount(job);
  const lostNodes = lostNodesText(job);
  return {
    phase,
    phaseText,
    activity,
    detail: more
      ? runningSteps(job)
          .map(({ name }) => name)
          .join('\n')
      : whole,
    isCode,
    more,
    step,
    share: progressShare(job, contextBytes),
    sent: sentText(job, contextBytes),
    sentWithoutTotal: job.bytesSent > 0 || job.bytesReused ? formatBytes(job.bytesSent) : noValue,
    received: job.bytesReceived > 0 ? formatBytes(job.bytesReceived) : noValue,
    cached: cached > 0 ? `${cached} cached` : '',
    lostNodes,
    label: [
      job.foundIn ? job.platform : `${job.platform} on ${job.node}, ${wordOf(job.mode)}`,
      ...(job.wait ? [] : [phaseText]),
      ...(step ? [`step ${step.index} of ${step.total}`] : []),
      whole,
      ...(more ? [more] : []),
      ...(lostNodes ? [lostNodes] : []),
    ].join(', '),
  };
}

function activityOf(job: Job): { activity: string; isCode: boolean } {
  const step = currentStep(job);
  if (job.status === 'cancelled' || job.status === 'interrupted') {
    return step ? { activity: step.name, isCode: true } : { activity: 'Nothing was built', isCode: false };
  }
  switch (job.status) {
    case 'queued':
      return { activity: job.wait ? `Waiting for ${formatWait(job.wait, job.node)}` : job.reason, isCode: false };
    case 'context':
      return { activity: 'The node is reading the context', isCode: false };
    case 'building':
      return step ? { activity: runningText(step), isCode: true } : { activity: 'Starting', isCode: false };
    case 'cancelling':
      return { activity: `Waiting for ${job.node} to stop`, isCode: false };
    case 'transferring':
      return { activity: 'Copying to local storage', isCode: false };
    case 'done':
      return {
        activity: [
          ...(job.reusedFrom ? ['From an earlier build'] : []),
          ...(job.foundIn ? [`Not built: ${foundInTexts[job.foundIn]}`] : []),
          ...(job.digest ? [formatDigest(job.digest), formatBytes(job.size ?? 0)] : ['Built']),
        ].join(' · '),
        isCode: false,
      };
    case 'failed': {
      const failed = failedStep(job);
      return failed
        ? { activity: failed.name, isCode: true }
        : { activity: job.problem?.message ?? 'Failed', isCode: false };
    }
  }
}

function runningText({ name, progress }: Step): string {
  return progress ? `${name} (${formatBytesOf(progress.current, progress.total)})` : name;
}

function progressShare(job: Job, contextBytes: number | undefined): number | undefined {
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
      return endedShare(job);
  }
}

function sentText(job: Job, contextBytes: number | undefined): string {
  const { bytesSent, bytesReused, status } = job;
  if (bytesSent === 0 && !bytesReused) {
    return noValue;
  }
  return status === 'context' && contextBytes ? formatBytesOf(bytesSent, contextBytes) : formatSent(job);
}

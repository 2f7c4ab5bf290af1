import { isEnd, type Job, type Phase } from '../../../shared/build.ts';
import type { JobEntry } from '../../../shared/build-entry.ts';
import { formatCount, formatPlatform } from '../../../shared/format.ts';
import { currentStep, endedShare } from '../../../shared/step.ts';
import { type PhaseState, phaseState } from '../../parts/PhaseBadge.tsx';

/** The jobs of a build that are in the same phase. */
export interface OutcomeGroup {
  readonly phase: Phase;
  readonly jobs: readonly JobEntry[];
}

/** The most important phases first. */
const order: readonly Phase[] = [
  'failed',
  'interrupted',
  'cancelled',
  'cancelling',
  'transferring',
  'building',
  'context',
  'queued',
  'done',
];

/** The jobs of a build by phase, failed jobs first. */
export function outcomeGroups(jobs: readonly JobEntry[]): OutcomeGroup[] {
  return order.flatMap((phase) => {
    const groupJobs = jobs.filter(({ status }) => status === phase);
    return groupJobs.length === 0 ? [] : [{ phase, jobs: groupJobs }];
  });
}

/** The number of jobs in each state, failed jobs first. States without jobs are left out. */
export function stateCounts(jobs: readonly JobEntry[]): { readonly state: PhaseState; readonly count: number }[] {
  return (['failed', 'interrupted', 'cancelled', 'cancelling', 'running', 'waiting', 'done'] as const).flatMap(
    (state) => {
      const count = jobs.filter(({ status }) => phaseState(status) === state).length;
      return count === 0 ? [] : [{ state, count }];
    },
  );
}

/** With more platforms, only their number is shown. */
const maxNamed = 4;

/** `amd64, arm64`, `14 platforms`. */
export function platformsText(jobs: readonly JobEntry[]): string {
  return jobs.length > maxNamed
    ? formatCount(jobs.length, 'platform')
    : jobs.map(({ platform }) => formatPlatform(platform)).join(', ');
}

/** The progress of a job from 0 to 1 by its steps. Sending the context and transferring the image have fixed values. */
export function jobProgress(job: Job): number {
  const { status } = job;
  if (isEnd(status)) {
    return 1;
  }
  return status === 'queued'
    ? 0
    : status === 'context'
      ? 0.05
      : status === 'transferring'
        ? 0.95
        : 0.05 + 0.9 * endedShare(job);
}

/** `step 8 of 10` for a job that is building; undefined in other phases. */
export function stepText(job: Job): string | undefined {
  const step = currentStep(job);
  return job.status === 'building' && step ? `step ${step.index} of ${step.total}` : undefined;
}

import { isEnd, type Job, type Phase, type Step } from '../../../shared/build.ts';
import { formatCount, formatPlatform } from '../../../shared/format.ts';
import { type PhaseState, phaseState } from '../../parts/PhaseBadge.tsx';

/** The jobs of a build that are in the same phase. */
export interface OutcomeGroup {
  readonly phase: Phase;
  readonly jobs: readonly Job[];
}

/** The most important phases first. */
const order: readonly Phase[] = ['failed', 'cancelled', 'transferring', 'building', 'context', 'queued', 'done'];

/** The jobs of a build by phase, failed jobs first. */
export function outcomeGroups(jobs: readonly Job[]): OutcomeGroup[] {
  return order.flatMap((phase) => {
    const groupJobs = jobs.filter(({ status }) => status === phase);
    return groupJobs.length === 0 ? [] : [{ phase, jobs: groupJobs }];
  });
}

/** The number of jobs in each state, failed jobs first. States without jobs are left out. */
export function stateCounts(jobs: readonly Job[]): { readonly state: PhaseState; readonly count: number }[] {
  return (['failed', 'cancelled', 'running', 'waiting', 'done'] as const).flatMap((state) => {
    const count = jobs.filter(({ status }) => phaseState(status) === state).length;
    return count === 0 ? [] : [{ state, count }];
  });
}

/** With more platforms, only their number is shown. */
const maxNamed = 4;

/** `amd64, arm64`, `14 platforms`. */
export function platformsText(jobs: readonly Job[]): string {
  return jobs.length > maxNamed
    ? formatCount(jobs.length, 'platform')
    : jobs.map(({ platform }) => formatPlatform(platform)).join(', ');
}

function hasEnded({ durationMs, cached }: Step): boolean {
  return durationMs !== undefined || cached;
}

/** The progress of a job from 0 to 1 by its steps. Sending the context and transferring the image have fixed values. */
export function jobProgress({ status, steps }: Job): number {
  if (isEnd(status)) {
    return 1;
  }
  const total = steps.at(-1)?.total ?? 0;
  const completedShare = total > 0 ? steps.filter(hasEnded).length / total : 0;
  return status === 'queued'
    ? 0
    : status === 'context'
      ? 0.05
      : status === 'transferring'
        ? 0.95
        : 0.05 + 0.9 * completedShare;
}

/** `step 8 of 10` for a job that is building; undefined in other phases. */
export function stepText({ status, steps }: Job): string | undefined {
  const last = steps.at(-1);
  return status === 'building' && last ? `step ${last.index} of ${last.total}` : undefined;
}

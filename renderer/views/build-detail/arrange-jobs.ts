import type { Job } from '../../../shared/build.ts';
import { type PhaseState, phaseState } from '../../parts/PhaseBadge.tsx';

/** The most urgent first. */
const order: readonly PhaseState[] = ['failed', 'interrupted', 'cancelled', 'cancelling', 'running', 'waiting', 'done'];

/**
 * The jobs in one state, or all if none is in it any more; on demand those that failed first. Otherwise in their order, so
 * that nothing moves while they run.
 */
export function arrangeJobs(jobs: readonly Job[], state: PhaseState | 'all', isFailedFirst: boolean): readonly Job[] {
  const matching = jobs.filter(({ status }) => phaseState(status) === state);
  const shown = matching.length > 0 ? matching : jobs;
  const rank = ({ status }: Job): number => order.indexOf(phaseState(status));
  return isFailedFirst ? shown.toSorted((one, other) => rank(one) - rank(other)) : shown;
}

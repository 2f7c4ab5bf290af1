import { isEnd, type Job, type Phase, type Step } from '../../../shared/build.ts';
import { formatCount, formatPlatform } from '../../../shared/format.ts';
import { type State, stateOf } from '../../parts/PhaseBadge.tsx';

/** Platforms that have come to the same end, or are in the same phase. */
export interface Group {
  readonly phase: Phase;
  readonly jobs: readonly Job[];
}

/** What a person must see first stands first. */
const order: readonly Phase[] = ['failed', 'cancelled', 'pulling', 'building', 'context', 'queued', 'done'];

/** The jobs of a build by how they ended: what failed first. */
export function groupsOf(jobs: readonly Job[]): Group[] {
  return order.flatMap((phase) => {
    const some = jobs.filter(({ status }) => status === phase);
    return some.length === 0 ? [] : [{ phase, jobs: some }];
  });
}

/** How many jobs have come to which end, go on or wait: what failed first, at most five. */
export function countsOf(jobs: readonly Job[]): { readonly state: State; readonly count: number }[] {
  return (['failed', 'cancelled', 'running', 'waiting', 'done'] as const).flatMap((state) => {
    const count = jobs.filter(({ status }) => stateOf(status) === state).length;
    return count === 0 ? [] : [{ state, count }];
  });
}

/** With more platforms than this only their number is said. */
const mostNamed = 4;

/** `amd64, arm64`, `14 platforms`. */
export function platformsInWords(jobs: readonly Job[]): string {
  return jobs.length > mostNamed
    ? formatCount(jobs.length, 'platform')
    : jobs.map(({ platform }) => formatPlatform(platform)).join(', ');
}

function isOver({ durationMs, cached }: Step): boolean {
  return durationMs !== undefined || cached;
}

/** How far a job is, from 0 to 1, as far as its steps tell: sending and bringing back have no number of their own. */
export function progressOf({ status, steps }: Job): number {
  if (isEnd(status)) {
    return 1;
  }
  const total = steps.at(-1)?.total ?? 0;
  const part = total > 0 ? steps.filter(isOver).length / total : 0;
  return status === 'queued' ? 0 : status === 'context' ? 0.05 : status === 'pulling' ? 0.95 : 0.05 + 0.9 * part;
}

/** What a job that is not over does, in few words: `8 of 10`, `Waiting`, `Sending context`. */
export function stepInWords({ status, steps }: Job): string | undefined {
  const last = steps.at(-1);
  return status === 'building' && last ? `step ${last.index} of ${last.total}` : undefined;
}

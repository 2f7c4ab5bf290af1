import { isEnd, type Job } from '../../../shared/build.ts';
import { formatClock } from '../../../shared/format.ts';

/** Work that is younger than this is cancelled without a question, in milliseconds. */
const cheapMs = 60_000;

/**
 * What cancelling these jobs loses, a line for each job with more than a minute of work; empty where nothing is worth a
 * question. A finished job counts as well where the whole build is cancelled: its image is in no list then.
 */
export function lossesOf(jobs: readonly Job[], now: number): string[] {
  return jobs.flatMap((job) => {
    if (job.startedAt === undefined || job.status === 'failed' || job.status === 'cancelled') {
      return [];
    }
    const worked = job.durationMs ?? now - Date.parse(job.startedAt);
    const what = isEnd(job.status) ? 'its image, built in' : 'work of';
    return worked > cheapMs ? `${job.platform} on ${job.node}: ${what} ${formatClock(worked)}` : [];
  });
}

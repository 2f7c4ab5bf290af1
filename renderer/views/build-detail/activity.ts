import { useEffect } from 'react';
import { create } from 'zustand';
import { isEnd, type Job } from '../../../shared/build.ts';
import { useBuilds } from '../../stores/builds.ts';

/** The log lines and transferred bytes of a job in one second. */
export interface ActivitySample {
  readonly lines: number;
  readonly bytes: number;
}

interface Activity {
  /** By {@link activityKey}: the samples of the last minute at most, newest last. */
  readonly byJob: Readonly<Record<string, readonly ActivitySample[]>>;
}

const windowSeconds = 60;

/** The activity of jobs since their build was first shown in this window. Lines are counted as they arrive. */
export const useActivity = create<Activity>(() => ({ byJob: {} }));

export function activityKey(id: string, platform: string): string {
  return `${id} ${platform}`;
}

/** By {@link activityKey}: the total lines and bytes of a job when its last sample was recorded. */
const lastTotals = new Map<string, ActivitySample>();

/** Records the activity of a build's jobs once a second while the build is running and shown. */
export function useActivitySampling(id: string, isRunning: boolean): void {
  useEffect(() => {
    if (!isRunning) {
      return undefined;
    }
    const timer = setInterval(() => recordSamples(id), 1_000);
    return () => clearInterval(timer);
  }, [id, isRunning]);
}

function recordSamples(id: string): void {
  const { byId, lineCounts } = useBuilds.getState();
  const jobs = byId[id]?.jobs.filter(({ status }) => !isEnd(status) && status !== 'queued') ?? [];
  const samples = jobs.map((job): [string, ActivitySample] => {
    const key = activityKey(id, job.platform);
    return [key, nextSample(key, job, lineCounts[id]?.[job.platform])];
  });
  useActivity.setState(({ byJob }) => ({
    byJob: {
      ...byJob,
      ...Object.fromEntries(
        samples.map(([key, sample]) => [key, [...(byJob[key] ?? []), sample].slice(-windowSeconds)]),
      ),
    },
  }));
}

function nextSample(key: string, job: Job, lines: number | undefined): ActivitySample {
  const previous = lastTotals.get(key);
  const totals = { lines: lines ?? previous?.lines ?? 0, bytes: job.bytesSent + job.bytesReceived };
  lastTotals.set(key, totals);
  // the first known line count includes all lines written before the window opened
  const isFirst = previous === undefined || previous.lines === 0;
  return {
    lines: isFirst ? 0 : Math.max(0, totals.lines - previous.lines),
    bytes: previous === undefined ? 0 : Math.max(0, totals.bytes - previous.bytes),
  };
}

/**
 * Column heights from 0 to 1 for the last minute, newest last. Lines and bytes have no common scale: each is divided by its
 * own maximum, and the greater of the two is the height.
 */
export function activityColumns(samples: readonly ActivitySample[], count: number): number[] {
  const size = windowSeconds / count;
  const padded = [
    ...Array.from({ length: windowSeconds - samples.length }, () => ({ lines: 0, bytes: 0 })),
    ...samples,
  ];
  const columns = Array.from({ length: count }, (_, index) => {
    const part = padded.slice(index * size, (index + 1) * size);
    return {
      lines: part.reduce((sum, each) => sum + each.lines, 0),
      bytes: part.reduce((sum, each) => sum + each.bytes, 0),
    };
  });
  const max = {
    lines: Math.max(1, ...columns.map(({ lines }) => lines)),
    bytes: Math.max(1, ...columns.map(({ bytes }) => bytes)),
  };
  return columns.map(({ lines, bytes }) => Math.max(lines / max.lines, bytes / max.bytes));
}

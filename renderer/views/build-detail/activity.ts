import { useEffect } from 'react';
import { create } from 'zustand';
import { isEnd, type Job } from '../../../shared/build.ts';
import { useBuilds } from '../../stores/builds.ts';

/** What a job did in one second. */
export interface Sample {
  readonly lines: number;
  readonly bytes: number;
}

interface Activity {
  /** By build and platform, the newest last; the last minute at most. */
  readonly byJob: Readonly<Record<string, readonly Sample[]>>;
}

const length = 60;

/**
 * How much went on in each second since somebody has looked. It is measured here and kept by nobody: logs have no times,
 * so that a window that opens later begins with nothing.
 */
export const useActivity = create<Activity>(() => ({ byJob: {} }));

export function activityKey(id: string, platform: string): string {
  return `${id} ${platform}`;
}

/** What a job had done so far, when it was last looked at. */
const totals = new Map<string, Sample>();

/** Measures a build's jobs once a second while it runs and is on the screen. */
export function useSampling(id: string, isRunning: boolean): void {
  useEffect(() => {
    if (!isRunning) {
      return undefined;
    }
    const timer = setInterval(() => sample(id), 1_000);
    return () => clearInterval(timer);
  }, [id, isRunning]);
}

export function sample(id: string): void {
  const { byId, lineCounts } = useBuilds.getState();
  const jobs = byId[id]?.jobs.filter(({ status }) => !isEnd(status) && status !== 'queued') ?? [];
  const taken = jobs.map((job): [string, Sample] => {
    const key = activityKey(id, job.platform);
    return [key, since(key, job, lineCounts[id]?.[job.platform])];
  });
  useActivity.setState(({ byJob }) => ({
    byJob: {
      ...byJob,
      ...Object.fromEntries(taken.map(([key, each]) => [key, [...(byJob[key] ?? []), each].slice(-length)])),
    },
  }));
}

function since(key: string, job: Job, lines: number | undefined): Sample {
  const before = totals.get(key);
  const now = { lines: lines ?? before?.lines ?? 0, bytes: job.bytesSent + job.bytesReceived };
  totals.set(key, now);
  // the first line that is heard of may be the millionth of its log
  const isFirst = before === undefined || before.lines === 0;
  return {
    lines: isFirst ? 0 : Math.max(0, now.lines - before.lines),
    bytes: before === undefined ? 0 : Math.max(0, now.bytes - before.bytes),
  };
}

/**
 * Heights from 0 to 1 for so many columns, the newest last: lines and bytes have no common measure, so each is held
 * against its own greatest, and the greater of both is shown.
 */
export function columnsOf(samples: readonly Sample[], count: number): number[] {
  const size = length / count;
  const padded = [...Array.from({ length: length - samples.length }, () => ({ lines: 0, bytes: 0 })), ...samples];
  const columns = Array.from({ length: count }, (_, index) => {
    const part = padded.slice(index * size, (index + 1) * size);
    return {
      lines: part.reduce((sum, each) => sum + each.lines, 0),
      bytes: part.reduce((sum, each) => sum + each.bytes, 0),
    };
  });
  const most = {
    lines: Math.max(1, ...columns.map(({ lines }) => lines)),
    bytes: Math.max(1, ...columns.map(({ bytes }) => bytes)),
  };
  return columns.map(({ lines, bytes }) => Math.max(lines / most.lines, bytes / most.bytes));
}

import type { Job } from '../../../shared/build.ts';
import { openLog } from '../../stores/navigation.ts';
import { failingLineIndex } from './failure.ts';
import type { Bar } from './step-rows.ts';

/** Opens the log of a failed job at the line that says why it failed, or at its end. */
export function openLogAtFailure(id: string, job: Job): void {
  const failing = failingLineIndex(job);
  const { platform, lastLinesFrom } = job;
  const isKnown = failing !== undefined && lastLinesFrom !== undefined;
  openLog({ id, platform, ...(isKnown ? { line: lastLinesFrom + failing } : {}) });
}

/** Opens the log of a step's job where the step starts, or at its end while the step is running. */
export function openLogAtStep(id: string, { job: { platform }, step, endMs }: Bar): void {
  const line = endMs === undefined ? undefined : step?.firstLine;
  openLog({ id, platform, ...(line === undefined ? {} : { line }) });
}

import type { Job } from '../../../shared/build.ts';
import { call } from '../../api.ts';
import { openLog } from '../../stores/navigation.ts';
import { failingLineIndex } from './failure.ts';
import type { Bar } from './step-rows.ts';

/** Opens the log of a failed job at the line that says why it failed. `lastLines` are the end of the log. @throws Failure */
export async function openLogAtFailure(id: string, { platform, lastLines = [] }: Job): Promise<void> {
  const failing = failingLineIndex(lastLines);
  if (failing === undefined) {
    openLog({ id, platform });
    return;
  }
  const { total } = await call('builds.log', { id, platform, from: 0, count: 1 });
  openLog({ id, platform, line: Math.max(0, total - lastLines.length + failing) });
}

/** Opens the log of a step's job where the step starts, or at its end while the step is running. @throws Failure */
export async function openLogAtStep(id: string, { job: { platform }, step, endMs }: Bar): Promise<void> {
  if (!step || endMs === undefined) {
    openLog({ id, platform });
    return;
  }
  const text = `STEP ${step.index}/${step.total}: ${step.text}`;
  const { lines } = await call('builds.search', { id, platform, text, limit: 100 });
  // a job that moved to another node ran its steps again: the last match is the run that the bar shows
  const line = lines.at(-1);
  openLog({ id, platform, ...(line === undefined ? {} : { line }) });
}

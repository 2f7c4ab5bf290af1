import { call } from '../../api.ts';
import { openLog } from '../../stores/navigation.ts';
import type { Bar } from './steps.ts';

/** Shows the log of a step's platform where the step begins; at its live end where it still runs. @throws Failure */
export async function openLogAtStep(id: string, { job: { platform }, step, endMs }: Bar): Promise<void> {
  if (!step || endMs === undefined) {
    openLog({ id, platform });
    return;
  }
  const text = `STEP ${step.index}/${step.total}: ${step.text}`;
  const { lines } = await call('builds.search', { id, platform, text, limit: 100 });
  // a job that has moved to another node began anew: the last time is the one that is shown
  const line = lines.at(-1);
  openLog({ id, platform, ...(line === undefined ? {} : { line }) });
}

import type { Step } from '../../../shared/build.ts';
import type { Platform } from '../../../shared/platform.ts';
import { call } from '../../api.ts';
import { oneLine, parseStepLine, type StepStart } from './step-index.ts';

/** More lines than this that may begin a step are not read one by one: the steps that are known are looked for instead. */
const mostCandidates = 256;
const readsAtOnce = 4;

/** Where steps begin in the log of a job, found by the app's search and not by reading the log. @throws Failure */
export async function findStepLines(id: string, platform: Platform, runs: readonly Step[]): Promise<StepStart[]> {
  const totals = new Set(runs.map(({ total }) => total));
  const [total] = totals;
  // the end of "STEP 4/10: " is in fewer other lines than its beginning
  const text = totals.size === 1 ? `/${total}: ` : 'STEP ';
  const { lines, more } = await call('builds.search', { id, platform, text, limit: mostCandidates });
  return more ? searchEach(id, platform, runs) : readEach(id, platform, lines);
}

async function readEach(id: string, platform: Platform, lines: readonly number[]): Promise<StepStart[]> {
  const found: StepStart[] = [];
  for (let at = 0; at < lines.length; at += readsAtOnce) {
    const starts = await Promise.all(
      lines.slice(at, at + readsAtOnce).map(async (line) => {
        const answer = await call('builds.log', { id, platform, from: line, count: 1 });
        return parseStepLine(line, answer.lines[0] ?? '');
      }),
    );
    found.push(...starts.flatMap((start) => start ?? []));
  }
  return found;
}

/** A whole step is seldom printed by anything else, so what the search finds need not be read. */
async function searchEach(id: string, platform: Platform, runs: readonly Step[]): Promise<StepStart[]> {
  const found: StepStart[] = [];
  for (const { index, total, text: written } of runs) {
    const text = oneLine(written);
    const search = `STEP ${index}/${total}: ${text}`;
    const { lines } = await call('builds.search', { id, platform, text: search, limit: 2_000 });
    found.push(...lines.map((line) => ({ line, index, total, text })));
  }
  return found;
}

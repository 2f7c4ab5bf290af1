import type { Step } from '../../../shared/build.ts';
import type { Platform } from '../../../shared/platform.ts';
import { call } from '../../api.ts';
import { oneLine, parseStepLine, type StepStart } from './step-index.ts';

/** With more candidate lines, the text of each known step is searched for instead of reading the candidates one by one. */
const maxCandidates = 256;
const maxConcurrentReads = 4;

/** Finds the lines at which steps start through the app's search, without reading the whole log. @throws Failure */
export async function findStepStarts(id: string, platform: Platform, runs: readonly Step[]): Promise<StepStart[]> {
  const totals = new Set(runs.map(({ total }) => total));
  const [total] = totals;
  // "/10: " of "STEP 4/10: " occurs in fewer other lines than "STEP "
  const text = totals.size === 1 ? `/${total}: ` : 'STEP ';
  const { lines, more } = await call('builds.search', { id, platform, text, limit: maxCandidates });
  return more ? searchSteps(id, platform, runs) : readCandidates(id, platform, lines);
}

async function readCandidates(id: string, platform: Platform, lines: readonly number[]): Promise<StepStart[]> {
  const starts: StepStart[] = [];
  for (let index = 0; index < lines.length; index += maxConcurrentReads) {
    const parsed = await Promise.all(
      lines.slice(index, index + maxConcurrentReads).map(async (line) => {
        const range = await call('builds.log', { id, platform, from: line, count: 1 });
        return parseStepLine(line, range.lines[0] ?? '');
      }),
    );
    starts.push(...parsed.flatMap((start) => start ?? []));
  }
  return starts;
}

/** The matches are not read: programs rarely print the full text of a step. */
async function searchSteps(id: string, platform: Platform, runs: readonly Step[]): Promise<StepStart[]> {
  const starts: StepStart[] = [];
  for (const { index, total, text: instruction } of runs) {
    const text = oneLine(instruction);
    const search = `STEP ${index}/${total}: ${text}`;
    const { lines } = await call('builds.search', { id, platform, text: search, limit: 2_000 });
    starts.push(...lines.map((line) => ({ line, index, total, text })));
  }
  return starts;
}

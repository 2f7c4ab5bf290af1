import { formatBytes } from '../../shared/format.ts';
import { Failure } from '../../shared/problem.ts';
import { defaultParts } from '../../shared/storage-kinds.ts';
import type { Housekeeping } from './housekeeping.ts';

/** Removes from a node what a prune removes by default. Resolves with what it freed. @throws Failure */
export async function pruneAsFix(
  housekeeping: Housekeeping,
  connection: string,
  signal: AbortSignal,
): Promise<{ output: string }> {
  const { id } = await housekeeping.preview({ connections: [connection], rules: { parts: defaultParts } }, signal);
  const [report] = await housekeeping.prune({ id }, signal);
  if (report?.problem) {
    throw new Failure(report.problem);
  }
  return { output: `Freed ${formatBytes(report?.reclaimedBytes ?? 0)}.` };
}

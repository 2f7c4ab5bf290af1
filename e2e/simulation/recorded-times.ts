import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { jobTimeSchema } from '../../shared/emulation.ts';

export const recordedTimesFile = fileURLToPath(new URL('job-times.json', import.meta.url));

const fileSchema = z.object({ times: z.array(jobTimeSchema.extend({ project: z.string() })) });
export type RecordedTime = z.infer<typeof fileSchema>['times'][number];

export function recordedTimes(): readonly RecordedTime[] {
  return fileSchema.parse(JSON.parse(readFileSync(recordedTimesFile, 'utf8'))).times;
}

/** The same build with other tools. */
import type { Equivalent } from '../../../shared/equivalent.ts';
import { githubJob, gitlabJob, type JobInput } from './ci-jobs.ts';
import { buildxCommand, podmanCommands, podmanFarmCommand } from './commands.ts';

/** In the order in which they are shown. */
export function equivalents(input: JobInput): Equivalent[] {
  return [podmanCommands(input), podmanFarmCommand(input), buildxCommand(input), githubJob(input), gitlabJob(input)];
}

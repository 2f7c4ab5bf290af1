import { formatBytes } from '../../shared/format.ts';
import { fail } from '../../shared/problem.ts';
import { readDiskSpace } from '../system/disk-space.ts';
import type { ContextPacking } from './context-packing.ts';
import type { ProjectMemory } from './project-memory.ts';

/** The least that a build writes: its record, its logs and the index of images. */
const leastBytes = 4 * 1024 * 1024;

interface SpaceInput {
  readonly packing?: Pick<ContextPacking, 'packedBytes'>;
  readonly project: Pick<ProjectMemory, 'space'>;
}

/**
 * To be called before a build starts.
 * @param folder where contexts are packed, in the data folder
 * @throws Failure `disk.full` if there is no room for its context here
 */
export async function assertSpaceHere(folder: string, { packing, project }: SpaceInput): Promise<void> {
  const [space, last] = await Promise.all([readDiskSpace(folder), project.space()]);
  if (!space) {
    return;
  }
  // what is packed already takes its space already
  const packedBytes = packing?.packedBytes ?? 0;
  const needed = Math.max(leastBytes, (last?.contextBytes ?? 0) - packedBytes);
  if (space.free < needed) {
    throw fail(
      'disk.full',
      `The disk of ${folder} has only ${formatBytes(space.free)} free, and this build needs at least ${formatBytes(needed)} there.`,
      'Free some space, for example by removing images or builds that you no longer need, then try again.',
    ).offering({ id: 'show-images' });
  }
}

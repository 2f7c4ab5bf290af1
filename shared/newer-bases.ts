import type { BaseImages } from './base-image.ts';

/** The base images of a build that are newer in their registries. */
export function newerBases({ bases }: BaseImages, build: string): string[] {
  return bases
    .filter(({ uses }) => uses.some((use) => use.build === build && use.platforms.some(({ isNewer }) => isNewer)))
    .map(({ name }) => name);
}

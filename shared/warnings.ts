/** The warnings of a build, each told once although several engines may have given it. */
import type { Job } from './build.ts';
import type { BuildWarning } from './build-warning.ts';
import type { Platform } from './platform.ts';

export interface WarningGroup {
  readonly warning: BuildWarning;
  /** In the order of the build's jobs. */
  readonly platforms: readonly Platform[];
}

/** Groups the same warnings, in the order of their lines; those without a line come last. */
export function groupWarnings(jobs: readonly Pick<Job, 'platform' | 'warnings'>[]): WarningGroup[] {
  const groups = new Map<string, WarningGroup>();
  for (const { platform, warnings = [] } of jobs) {
    for (const warning of warnings) {
      const key = JSON.stringify([warning.source?.firstLine, warning.text]);
      const { platforms = [], ...group } = groups.get(key) ?? { warning };
      groups.set(key, { ...group, platforms: [...platforms, platform] });
    }
  }
  const lineOf = ({ warning }: WarningGroup): number => warning.source?.firstLine ?? Number.MAX_SAFE_INTEGER;
  return [...groups.values()].sort((one, other) => lineOf(one) - lineOf(other));
}

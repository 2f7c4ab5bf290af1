/** The warnings of a build, each once although several engines may have given it. */
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

/** A finding in a Containerfile, as far as it tells one from another. */
export interface ReportedFinding {
  readonly rule?: string | undefined;
  readonly line?: number | undefined;
}

/** Leaves out what was reported before the build: newer versions of BuildKit find some of it, too, and say so during the build. */
export function withoutReported(groups: readonly WarningGroup[], reported: readonly ReportedFinding[]): WarningGroup[] {
  const keys = new Set(reported.map(({ rule, line }) => `${rule} ${line}`));
  return groups.filter(({ warning: { text, source } }) => {
    // such as "JSONArgsRecommended: JSON arguments recommended for CMD … (line 7)"
    const rule = /^(\w+): /.exec(text)?.[1];
    return !keys.has(`${rule} ${source?.firstLine}`);
  });
}

import packageJson from '../../package.json' with { type: 'json' };
import { dataFormats } from '../../shared/data-formats.ts';
import type { VersionInfo } from '../../shared/version-info.ts';

/** What the bundle was made of. Put in by the bundler, so it is not there when the sources run. */
declare const BARNRAISER_BUILD: BuildFacts | undefined;

export interface BuildFacts {
  readonly commit?: string;
  /** ISO 8601. */
  readonly committedAt?: string;
  /** Where the list of releases is. */
  readonly releases?: string;
}

export const buildFacts: BuildFacts = typeof BARNRAISER_BUILD === 'undefined' ? {} : (BARNRAISER_BUILD ?? {});

/** The version of Barnraiser, from package.json. */
export const version: string = packageJson.version;

export function versionInfo(): VersionInfo {
  const { commit, committedAt } = buildFacts;
  const { node, electron } = process.versions;
  return {
    version,
    ...(commit === undefined ? {} : { commit }),
    ...(committedAt === undefined ? {} : { committedAt }),
    node,
    ...(electron === undefined ? {} : { electron }),
    system: `${process.platform} ${process.arch}`,
    formats: Object.fromEntries(Object.entries(dataFormats).map(([name, format]) => [name, format.version])),
  };
}

import type { Writable } from 'node:stream';
import { problemOf } from '../../../shared/problem.ts';
import type { ReleaseState } from '../../../shared/version-info.ts';
import { versionText } from '../../../shared/version-text.ts';
import { dataFolder } from '../../system/data-folder.ts';
import { versionInfo } from '../../system/version.ts';
import { printProblem } from '../output/problem.ts';
import { cleanLine, jsonLine } from '../output/text.ts';

export interface VersionOptions {
  readonly output: Writable;
  readonly errors: Writable;
  /** Whether the list of releases is asked. */
  readonly check: boolean;
  readonly json: boolean;
}

/** Prints what this Barnraiser is. @returns the exit code */
export async function showVersion({ output, errors, check, json }: VersionOptions): Promise<number> {
  const info = versionInfo();
  if (!check) {
    output.write(json ? `${jsonLine(info)}\n` : `${versionText(info)}\n`);
    return 0;
  }
  try {
    const releases = await findNewer();
    output.write(json ? `${jsonLine({ ...info, releases })}\n` : `${versionText(info)}\n\n${newerText(releases)}\n`);
    return 0;
  } catch (error) {
    output.write(json ? '' : `${versionText(info)}\n`);
    printProblem(errors, problemOf(error), { json });
    return 1;
  }
}

async function findNewer(): Promise<ReleaseState> {
  const [{ Releases }, { SettingsStore }] = await Promise.all([
    import('../../monitoring/releases.ts'),
    import('../../settings/settings-store.ts'),
  ]);
  const folder = dataFolder();
  return new Releases({ folder, settings: () => new SettingsStore(folder).get() }).check();
}

function newerText({ newer, address = '' }: ReleaseState): string {
  return newer === undefined
    ? `There is no newer release in ${cleanLine(address)}.`
    : `Version ${newer.version} is there: ${cleanLine(newer.page)}`;
}

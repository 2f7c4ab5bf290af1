import type { VersionInfo } from './version-info.ts';

/** The lines of a version, each a label and what it says. */
export function versionLines(info: VersionInfo): readonly (readonly [label: string, text: string])[] {
  const { version, commit, committedAt, node, electron, system, formats } = info;
  const numbered = Object.entries(formats).filter(([, format]) => format !== 1);
  return [
    ['Version', version],
    ['Commit', commit === undefined ? 'none, it runs from its sources' : `${commit}${day(committedAt)}`],
    ['Runs on', `${electron === undefined ? '' : `Electron ${electron}, `}Node ${node}, ${system}`],
    ['Data formats', [...numbered.map(([name, format]) => `${name} ${format}`), 'all others 1'].join(', ')],
  ];
}

/** The same as a text to be copied or printed. */
export function versionText(info: VersionInfo): string {
  return [
    `barnraiser ${info.version}`,
    ...versionLines(info)
      .slice(1)
      .map(([label, text]) => `${label}: ${text}`),
  ].join('\n');
}

function day(time: string | undefined): string {
  return time === undefined ? '' : ` of ${time.slice(0, 10)}`;
}

/** The parts of a semantic version, or undefined. Source: semver.org, without build metadata, which does not count. */
function parts(version: string): { readonly numbers: readonly number[]; readonly pre: string } | undefined {
  const match = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]{1,64}))?(?:\+[0-9A-Za-z.-]*)?$/.exec(version);
  return match ? { numbers: match.slice(1, 4).map(Number), pre: match[4] ?? '' } : undefined;
}

/** Whether a version is a release that comes after another one. Pre-releases are never reported. */
export function isNewerRelease(version: string, than: string): boolean {
  const [one, other] = [parts(version), parts(than)];
  if (!one || !other || one.pre !== '') {
    return false;
  }
  const index = one.numbers.findIndex((number, position) => number !== other.numbers[position]);
  return index < 0 ? other.pre !== '' : (one.numbers[index] ?? 0) > (other.numbers[index] ?? 0);
}

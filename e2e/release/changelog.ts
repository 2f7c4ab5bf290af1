/** CHANGELOG.md, in the form of keepachangelog.com. */
export interface ChangelogEntry {
  /** `Unreleased` or a version. */
  readonly name: string;
  /** Of its release, as YYYY-MM-DD. */
  readonly date: string | undefined;
  readonly text: string;
}

const headingPattern = /^## \[(?<name>[^\]]+)\](?: - (?<date>\d{4}-\d{2}-\d{2}|Unreleased))?$/;

/** The entries, newest first. @throws Error for a heading of another form */
export function parseChangelog(text: string): ChangelogEntry[] {
  const entries: { name: string; date: string | undefined; lines: string[] }[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('## ')) {
      const { name, date } = headingPattern.exec(line)?.groups ?? {};
      if (name === undefined) {
        throw new Error(`CHANGELOG.md: "${line}" is not a heading such as "## [1.2.3] - 2026-12-31".`);
      }
      entries.push({ name, date: date === 'Unreleased' ? undefined : date, lines: [] });
    } else {
      entries.at(-1)?.lines.push(line);
    }
  }
  return entries.map(({ lines, ...entry }) => ({ ...entry, text: lines.join('\n').trim() }));
}

/** The newest version. `Unreleased` is not one. */
export function newestVersion(entries: readonly ChangelogEntry[]): ChangelogEntry | undefined {
  return entries.find(({ name }) => name !== 'Unreleased');
}

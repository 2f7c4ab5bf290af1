import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef } from 'react';
import { formatNumber, formatPlatform, pluralText } from '../../../shared/format.ts';
import type { Platform } from '../../../shared/platform.ts';
import { classes } from '../../parts/classes.ts';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { matchPosition, type SearchGroup, type SearchMatch, useAllSearch } from './all-search.ts';
import styles from './SearchResults.module.css';

/** The height of a row in pixels; the style sheet has the same value. */
const rowHeight = 22;

type Row =
  | { readonly kind: 'platform'; readonly group: SearchGroup }
  | { readonly kind: 'match'; readonly match: SearchMatch; readonly excerpt: string };

export interface SearchResultsProps {
  readonly pattern: RegExp | undefined;
  readonly onOpen: (match: SearchMatch) => void;
}

/** The matches in the logs of all platforms, grouped by platform. A match opens the log there. */
export function SearchResults({ pattern, onOpen }: SearchResultsProps) {
  const { groups, text, isSearching, problem, current } = useAllSearch();
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => rowsOf(groups), [groups]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 10,
  });
  const position = matchPosition(groups, current);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls only to another current match
  useEffect(() => {
    const index = rows.findIndex((row) => row.kind === 'match' && isSame(row.match, current));
    if (index >= 0) {
      virtual.scrollToIndex(index, { align: 'auto' });
    }
  }, [position]);

  return (
    <section className={styles.results} aria-label="Matches on all platforms">
      {problem && <ProblemNote problem={problem} />}
      {rows.length === 0 && !problem && (
        <p className={styles.empty}>
          {text === '' ? 'Enter text to find on all platforms.' : isSearching ? 'Searching…' : 'No matches'}
        </p>
      )}
      <div ref={scroller} className={styles.scroller}>
        <ul className={styles.list} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const row = rows[index];
            return (
              row && (
                <li key={index} className={styles.row} style={{ transform: `translateY(${start}px)` }}>
                  {row.kind === 'platform' ? (
                    <PlatformHeading group={row.group} />
                  ) : (
                    <button
                      type="button"
                      className={classes(styles.match, isSame(row.match, current) && styles.current)}
                      aria-current={isSame(row.match, current) || undefined}
                      onClick={() => onOpen(row.match)}
                    >
                      <span className={styles.number}>{row.match.line + 1}</span>
                      <span className={styles.excerpt}>
                        <Excerpt text={row.excerpt} pattern={pattern} />
                      </span>
                    </button>
                  )}
                </li>
              )
            );
          })}
        </ul>
      </div>
    </section>
  );
}

function PlatformHeading({ group: { platform, lines, hasMore } }: { group: SearchGroup }) {
  const number = `${formatNumber(lines.length)}${hasMore ? '+' : ''}`;
  return (
    <h3 className={styles.platform}>
      {formatPlatform(platform)}
      <span className={styles.count}>{pluralText(lines.length, `${number} line`, `${number} lines`)}</span>
    </h3>
  );
}

/** An excerpt with its first match marked. */
function Excerpt({ text, pattern }: { text: string; pattern: RegExp | undefined }) {
  const at = pattern ? text.search(pattern) : -1;
  const match = pattern && at >= 0 ? (text.match(pattern)?.[0] ?? '') : '';
  return match === '' ? (
    text
  ) : (
    <>
      {text.slice(0, at)}
      <mark>{match}</mark>
      {text.slice(at + match.length)}
    </>
  );
}

function rowsOf(groups: readonly SearchGroup[]): Row[] {
  return groups.flatMap((group) => [
    { kind: 'platform' as const, group },
    ...group.lines.map((line, index) => ({
      kind: 'match' as const,
      match: { platform: group.platform, line },
      excerpt: group.excerpts[index] ?? '',
    })),
  ]);
}

function isSame(one: SearchMatch, other: { platform: Platform; line: number } | undefined): boolean {
  return one.platform === other?.platform && one.line === other.line;
}

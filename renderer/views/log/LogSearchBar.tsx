import type { KeyboardEvent, Ref } from 'react';
import { formatCount, formatNumber, pluralText } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { Spinner } from '../../parts/Spinner.tsx';
import { shortcuts } from '../../parts/shortcut-table.ts';
import { TextField } from '../../parts/TextField.tsx';
import { type AllSearch, matchCount, matchPosition, stopAllSearch, useAllSearch } from './all-search.ts';
import styles from './Log.module.css';
import type { LogSearchState } from './use-log-search.ts';

export interface LogSearchBarProps {
  readonly ref: Ref<HTMLInputElement>;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly search: LogSearchState;
  /** The index of the current match; -1 if there is none. */
  readonly matchIndex: number;
  readonly onStep: (by: 1 | -1) => void;
  /** Whether the logs of all platforms are searched; undefined if the build has only one. */
  readonly isAll: boolean | undefined;
  readonly onAll: (isAll: boolean) => void;
  readonly onClose: () => void;
}

/** Finds text in the log: Enter goes to the next match, Shift+Enter to the previous one, Escape closes the bar. */
export function LogSearchBar({
  ref,
  text,
  onText,
  search,
  matchIndex,
  onStep,
  isAll,
  onAll,
  onClose,
}: LogSearchBarProps) {
  const all = useAllSearch();
  const isSearching = isAll ? all.isSearching : search.isSearching;
  const hasMatches = isAll ? all.groups.length > 0 : search.lines.length > 0;
  const label = isAll ? 'Find on all platforms' : 'Find in this log';
  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    if (event.key === 'Enter' || event.key === 'F3') {
      event.preventDefault();
      onStep(event.shiftKey ? -1 : 1);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      onClose();
    }
  }
  return (
    <search className={styles.search}>
      <TextField
        ref={ref}
        label={label}
        hideLabel
        placeholder={label}
        icon="search"
        mono
        value={text}
        onChange={onText}
        onKeyDown={onKeyDown}
        className={styles.searchField}
      />
      <output className={styles.matches}>
        {isSearching && <Spinner />}
        {text === '' ? '' : isAll ? allCountText(all) : search.isSearching ? '' : matchCountText(search, matchIndex)}
      </output>
      <IconButton
        icon="chevron-up"
        label="Previous match"
        shortcut={shortcuts.previousMatch.keys}
        size="small"
        disabled={!hasMatches}
        onClick={() => onStep(-1)}
      />
      <IconButton
        icon="chevron-down"
        label="Next match"
        shortcut={shortcuts.nextMatch.keys}
        size="small"
        disabled={!hasMatches}
        onClick={() => onStep(1)}
      />
      {isAll && all.isSearching && (
        <Button size="small" kind="quiet" icon="stop" onClick={stopAllSearch}>
          Stop
        </Button>
      )}
      {isAll !== undefined && (
        <Button size="small" kind="quiet" pressed={isAll} onClick={() => onAll(!isAll)}>
          All platforms
        </Button>
      )}
      <IconButton icon="cross" label="Close search" size="small" onClick={onClose} />
    </search>
  );
}

/** `12 lines on 3 platforms`, and the position of the current match among them. */
function allCountText({ groups, isSearching, current, problem }: AllSearch): string {
  const count = matchCount(groups);
  if (problem) {
    return problem.message;
  }
  if (count === 0) {
    return isSearching ? '' : 'No matches';
  }
  const position = matchPosition(groups, current);
  const more = groups.some(({ hasMore }) => hasMore) ? '+' : '';
  const number = `${formatNumber(count)}${more}`;
  const lines = pluralText(count, `${number} line`, `${number} lines`);
  return position < 0
    ? `${lines} on ${formatCount(groups.length, 'platform')}`
    : `${formatNumber(position + 1)} of ${lines}`;
}

/** `3 of 1,204 lines`: a line counts once, however many matches it has. */
function matchCountText({ lines, hasMore, problem }: LogSearchState, matchIndex: number): string {
  if (problem) {
    return problem.message;
  }
  if (lines.length === 0) {
    return 'No matches';
  }
  const number = `${formatNumber(lines.length)}${hasMore ? '+' : ''}`;
  const count = pluralText(lines.length, `${number} line`, `${number} lines`);
  return matchIndex < 0 ? count : `${formatNumber(matchIndex + 1)} of ${count}`;
}

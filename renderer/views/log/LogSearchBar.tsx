import type { KeyboardEvent, Ref } from 'react';
import { formatNumber } from '../../../shared/format.ts';
import { IconButton } from '../../parts/IconButton.tsx';
import { Spinner } from '../../parts/Spinner.tsx';
import { TextField } from '../../parts/TextField.tsx';
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
  readonly onClose: () => void;
}

/** Finds text in the log: Enter goes to the next match, Shift+Enter to the previous one, Escape closes the bar. */
export function LogSearchBar({ ref, text, onText, search, matchIndex, onStep, onClose }: LogSearchBarProps) {
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
        label="Find in this log"
        hideLabel
        placeholder="Find in this log"
        icon="search"
        mono
        value={text}
        onChange={onText}
        onKeyDown={onKeyDown}
        className={styles.searchField}
      />
      <output className={styles.matches}>
        {search.isSearching ? <Spinner /> : text === '' ? '' : matchCountText(search, matchIndex)}
      </output>
      <IconButton
        icon="chevron-up"
        label="Previous match"
        shortcut="Shift+Enter"
        size="small"
        disabled={search.lines.length === 0}
        onClick={() => onStep(-1)}
      />
      <IconButton
        icon="chevron-down"
        label="Next match"
        shortcut="Enter"
        size="small"
        disabled={search.lines.length === 0}
        onClick={() => onStep(1)}
      />
      <IconButton icon="cross" label="Close search" size="small" onClick={onClose} />
    </search>
  );
}

/** `3 of 1,204 lines`: a line counts once, however many matches it has. */
function matchCountText({ lines, hasMore, problem }: LogSearchState, matchIndex: number): string {
  if (problem) {
    return problem.message;
  }
  if (lines.length === 0) {
    return 'No matches';
  }
  const count = `${formatNumber(lines.length)}${hasMore ? '+' : ''} ${lines.length === 1 ? 'line' : 'lines'}`;
  return matchIndex < 0 ? count : `${formatNumber(matchIndex + 1)} of ${count}`;
}

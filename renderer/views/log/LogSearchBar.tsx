import type { KeyboardEvent, Ref } from 'react';
import { formatNumber } from '../../../shared/format.ts';
import { IconButton } from '../../parts/IconButton.tsx';
import { Spinner } from '../../parts/Spinner.tsx';
import { TextField } from '../../parts/TextField.tsx';
import styles from './Log.module.css';
import type { LogSearch } from './use-log-search.ts';

export interface LogSearchBarProps {
  readonly ref: Ref<HTMLInputElement>;
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly search: LogSearch;
  /** Which match one is at, from 0. */
  readonly at: number;
  readonly onStep: (by: 1 | -1) => void;
  readonly onClose: () => void;
}

/** Finds text in the whole log: Enter goes on, Shift+Enter goes back, Escape ends it. */
export function LogSearchBar({ ref, text, onText, search, at, onStep, onClose }: LogSearchBarProps) {
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
        {search.busy ? <Spinner /> : text === '' ? '' : matchWords(search, at)}
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

/** `3 of 1,204 lines`: matches are counted by the lines that hold them. */
export function matchWords({ lines, more, problem }: LogSearch, at: number): string {
  if (problem) {
    return problem.message;
  }
  if (lines.length === 0) {
    return 'No line has it';
  }
  const count = `${formatNumber(lines.length)}${more ? '+' : ''} ${lines.length === 1 ? 'line' : 'lines'}`;
  return at < 0 ? count : `${formatNumber(at + 1)} of ${count}`;
}

import { type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import type { Build } from '../../../shared/build.ts';
import {
  closeAllSearch,
  matchAt,
  matchCount,
  matchPosition,
  type SearchMatch,
  searchAll,
  setCurrentMatch,
  useAllSearch,
} from './all-search.ts';
import type { LogSource } from './log-source.ts';
import { searchPattern } from './match-marks.ts';
import { type LogSearchState, nextMatch, useLogSearch } from './use-log-search.ts';

export interface FindOptions {
  readonly build: Build;
  readonly source: LogSource;
  /** The first visible line. */
  readonly topLine: RefObject<number>;
  /** Shows a match. */
  readonly onMatch: (line: number) => void;
  /** Shows a match in the log of another platform. */
  readonly onOtherMatch: (match: SearchMatch) => void;
  readonly onClose: () => void;
}

export interface Find {
  readonly isOpen: boolean;
  /** Whether the logs of all platforms are searched, see {@link useAllSearch}. */
  readonly isAll: boolean;
  readonly text: string;
  readonly pattern: RegExp | undefined;
  readonly search: LogSearchState;
  /** The index of the current match; -1 before the first search result. */
  readonly matchIndex: number;
  readonly inputRef: RefObject<HTMLInputElement | null>;
  readonly open: () => void;
  readonly close: () => void;
  readonly setText: (text: string) => void;
  /** Goes to the next or previous match, and around at the ends. */
  readonly step: (by: 1 | -1) => void;
  readonly setAll: (isAll: boolean) => void;
  readonly openMatch: (match: SearchMatch) => void;
}

/**
 * Finding text in a log, or in those of all platforms of its build. The first result for a text in one log goes to the first
 * match from the top line on.
 */
export function useFind({ build, source, topLine, onMatch, onOtherMatch, onClose }: FindOptions): Find {
  const isAll = useAllSearch(({ buildId }) => buildId === build.id);
  const allText = useAllSearch(({ text }) => text);
  const [find, setFind] = useState<{ readonly text: string; readonly matchIndex: number }>();
  const text = isAll ? allText : (find?.text ?? '');
  const search = useLogSearch(source, isAll ? '' : text);
  const pattern = useMemo(() => searchPattern(text), [text]);
  const inputRef = useRef<HTMLInputElement>(null);
  // the bar is rendered anew for the log of another platform
  useEffect(() => {
    if (document.activeElement === document.body) {
      inputRef.current?.focus();
    }
  }, []);
  /** The text that the first match has been shown for. */
  const shownText = useRef('');

  function openMatch(match: SearchMatch): void {
    setCurrentMatch(match);
    if (match.platform === source.platform) {
      onMatch(match.line);
    } else {
      onOtherMatch(match);
    }
  }

  function goToMatch(index: number): void {
    const line = search.lines[index];
    setFind({ text, matchIndex: index });
    if (line !== undefined) {
      onMatch(line);
    }
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: goToMatch uses only find, search and onMatch
  useEffect(() => {
    if (find && !search.isSearching && search.lines.length > 0 && shownText.current !== find.text) {
      shownText.current = find.text;
      goToMatch(nextMatch(search.lines, topLine.current));
    }
  }, [find, search, onMatch]);

  return {
    isOpen: isAll || find !== undefined,
    isAll,
    text,
    pattern,
    search,
    matchIndex: find?.matchIndex ?? -1,
    inputRef,
    open: () => {
      if (isAll || find) {
        inputRef.current?.select();
      } else {
        setFind({ text: '', matchIndex: -1 });
        requestAnimationFrame(() => inputRef.current?.focus());
      }
    },
    close: () => {
      shownText.current = '';
      setFind(undefined);
      closeAllSearch();
      onClose();
    },
    setText: (next) => (isAll ? searchAll(build, next) : setFind({ text: next, matchIndex: -1 })),
    step: (by) => {
      if (isAll) {
        const { groups, current } = useAllSearch.getState();
        const count = matchCount(groups);
        const position = matchPosition(groups, current);
        const next = position < 0 && by < 0 ? count - 1 : (position + by + count) % count;
        const match = count > 0 ? matchAt(groups, next) : undefined;
        if (match) {
          openMatch(match);
        }
        return;
      }
      const { length } = search.lines;
      if (find && length > 0) {
        goToMatch((find.matchIndex + by + length) % length);
      }
    },
    setAll: (isAllNow) => {
      if (isAllNow) {
        searchAll(build, text);
      } else {
        closeAllSearch();
        setFind({ text, matchIndex: -1 });
      }
      inputRef.current?.focus();
    },
    openMatch,
  };
}

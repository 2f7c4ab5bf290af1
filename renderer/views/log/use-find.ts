import { type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import type { LogSource } from './log-source.ts';
import { searchPattern } from './match-marks.ts';
import { type LogSearchState, nextMatch, useLogSearch } from './use-log-search.ts';

export interface FindOptions {
  readonly source: LogSource;
  /** The first visible line. */
  readonly topLine: RefObject<number>;
  /** Shows a match. */
  readonly onMatch: (line: number) => void;
  readonly onClose: () => void;
}

export interface Find {
  readonly isOpen: boolean;
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
}

/** Finding text in a log. The first result for a text goes to the first match from the top line on. */
export function useFind({ source, topLine, onMatch, onClose }: FindOptions): Find {
  const [find, setFind] = useState<{ readonly text: string; readonly matchIndex: number }>();
  const text = find?.text ?? '';
  const search = useLogSearch(source, text);
  const pattern = useMemo(() => searchPattern(text), [text]);
  const inputRef = useRef<HTMLInputElement>(null);
  /** The text that the first match has been shown for. */
  const shownText = useRef('');

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
    isOpen: find !== undefined,
    text,
    pattern,
    search,
    matchIndex: find?.matchIndex ?? -1,
    inputRef,
    open: () => {
      if (find) {
        inputRef.current?.select();
      } else {
        setFind({ text: '', matchIndex: -1 });
        requestAnimationFrame(() => inputRef.current?.focus());
      }
    },
    close: () => {
      shownText.current = '';
      setFind(undefined);
      onClose();
    },
    setText: (next) => setFind({ text: next, matchIndex: -1 }),
    step: (by) => {
      const { length } = search.lines;
      if (find && length > 0) {
        goToMatch((find.matchIndex + by + length) % length);
      }
    },
  };
}

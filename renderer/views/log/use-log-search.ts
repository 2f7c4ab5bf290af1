import { useEffect, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call } from '../../api.ts';
import type { LogSource } from './log-source.ts';

/** The search stops after this many matches, which are shown as `10,000+`. */
export const maxMatches = 10_000;
/** The search starts this long after the last change of the text, in milliseconds. */
const debounceMs = 180;

export interface LogSearchState {
  /** The matching lines in order. */
  readonly lines: readonly number[];
  readonly hasMore: boolean;
  readonly isSearching: boolean;
  readonly problem: Problem | undefined;
}

const noMatches: LogSearchState = { lines: [], hasMore: false, isSearching: false, problem: undefined };

/** Searches a whole log through the app. New lines are searched as they arrive. */
export function useLogSearch(source: LogSource, text: string): LogSearchState {
  const [search, setSearch] = useState<LogSearchState>(noMatches);
  useEffect(() => {
    if (text === '') {
      setSearch(noMatches);
      return undefined;
    }
    let isCurrent = true;
    const lowerText = text.toLowerCase();
    /** Matches in lines that arrived before the answer of the app. */
    const liveMatches: number[] = [];
    let hasAnswer = false;
    setSearch((previous) => ({ ...previous, isSearching: true, problem: undefined }));
    const timer = setTimeout(() => {
      call('builds.search', { id: source.id, platform: source.platform, text, limit: maxMatches }).then(
        ({ lines, more }) => {
          if (isCurrent) {
            hasAnswer = true;
            const last = lines.at(-1) ?? -1;
            const all = more ? lines : [...lines, ...liveMatches.filter((line) => line > last)];
            setSearch({ lines: all, hasMore: more, isSearching: false, problem: undefined });
          }
        },
        (error: unknown) => {
          if (isCurrent) {
            setSearch({ ...noMatches, problem: problemOf(error) });
          }
        },
      );
    }, debounceMs);
    const stop = source.onLines((from, lines) => {
      const matches = lines.flatMap((line, index) => (line.toLowerCase().includes(lowerText) ? from + index : []));
      if (matches.length === 0) {
        return;
      }
      if (!hasAnswer) {
        liveMatches.push(...matches);
        return;
      }
      setSearch((previous) => {
        if (previous.hasMore) {
          return previous;
        }
        const all = [...previous.lines, ...matches];
        return { ...previous, lines: all.slice(0, maxMatches), hasMore: all.length > maxMatches };
      });
    });
    return () => {
      isCurrent = false;
      clearTimeout(timer);
      stop();
    };
  }, [source, text]);
  return search;
}

/** The index of the first match at or after a line, else of the first match. -1 without matches. */
export function nextMatch(lines: readonly number[], line: number): number {
  const next = lines.findIndex((each) => each >= line);
  return next < 0 && lines.length > 0 ? 0 : next;
}

import { useEffect, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call } from '../../api.ts';
import type { LogSource } from './log-source.ts';

/** More matches than this are counted as `10,000+`: nobody steps through them. */
export const mostMatches = 10_000;
/** How long nothing must be typed before the app searches, in milliseconds. */
const pauseMs = 180;

export interface LogSearch {
  /** The numbers of the lines that match, in their order. */
  readonly lines: readonly number[];
  readonly more: boolean;
  readonly busy: boolean;
  readonly problem: Problem | undefined;
}

const nothing: LogSearch = { lines: [], more: false, busy: false, problem: undefined };

/** Searches a whole log through the app; lines that come later are searched as they come. */
export function useLogSearch(source: LogSource, text: string): LogSearch {
  const [search, setSearch] = useState<LogSearch>(nothing);
  useEffect(() => {
    if (text === '') {
      setSearch(nothing);
      return undefined;
    }
    let isWanted = true;
    const wanted = text.toLowerCase();
    const later: number[] = [];
    let answered = false;
    setSearch((before) => ({ ...before, busy: true, problem: undefined }));
    const timer = setTimeout(() => {
      call('builds.search', { id: source.id, platform: source.platform, text, limit: mostMatches }).then(
        ({ lines, more }) => {
          if (isWanted) {
            answered = true;
            const last = lines.at(-1) ?? -1;
            const all = more ? lines : [...lines, ...later.filter((line) => line > last)];
            setSearch({ lines: all, more, busy: false, problem: undefined });
          }
        },
        (error: unknown) => {
          if (isWanted) {
            setSearch({ ...nothing, problem: problemOf(error) });
          }
        },
      );
    }, pauseMs);
    const stop = source.onLines((from, lines) => {
      const found = lines.flatMap((line, index) => (line.toLowerCase().includes(wanted) ? from + index : []));
      if (found.length === 0) {
        return;
      }
      if (!answered) {
        later.push(...found);
        return;
      }
      setSearch((before) => {
        if (before.more) {
          return before;
        }
        const lines = [...before.lines, ...found];
        return { ...before, lines: lines.slice(0, mostMatches), more: lines.length > mostMatches };
      });
    });
    return () => {
      isWanted = false;
      clearTimeout(timer);
      stop();
    };
  }, [source, text]);
  return search;
}

/** The position of the match to go to from a line: at it or behind it, else the first again. -1 where there is none. */
export function matchFrom(lines: readonly number[], line: number): number {
  const next = lines.findIndex((each) => each >= line);
  return next < 0 && lines.length > 0 ? 0 : next;
}

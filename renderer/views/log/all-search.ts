import { create } from 'zustand';
import type { Build } from '../../../shared/build.ts';
import type { Platform } from '../../../shared/platform.ts';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import { call } from '../../api.ts';

/** The matches in the log of one platform. */
export interface SearchGroup {
  readonly platform: Platform;
  /** The matching lines in order. */
  readonly lines: readonly number[];
  /** The part of each of them around the match. */
  readonly excerpts: readonly string[];
  /** Whether there are more than these. */
  readonly hasMore: boolean;
}

export interface SearchMatch {
  readonly platform: Platform;
  readonly line: number;
}

export interface AllSearch {
  /** The build whose logs are searched. Undefined if none is: the search is limited to one log. */
  readonly buildId: string | undefined;
  readonly text: string;
  /** Platforms with matches, in the order of the build. They appear as they are found. */
  readonly groups: readonly SearchGroup[];
  readonly isSearching: boolean;
  readonly problem: Problem | undefined;
  /** The match that was gone to last. */
  readonly current: SearchMatch | undefined;
}

const none: AllSearch = {
  buildId: undefined,
  text: '',
  groups: [],
  isSearching: false,
  problem: undefined,
  current: undefined,
};

/** The search in the logs of all platforms of a build. It stays while the window shows one log after another. */
export const useAllSearch = create<AllSearch>(() => none);

/** The search stops after this many matches of a platform, which are shown as `1,000+`. */
const maxMatches = 1_000;
/** How many logs are searched at once. */
const logsAtOnce = 2;
/** The search starts this long after the last change of the text, in milliseconds. */
const debounceMs = 180;

let running = new AbortController();

/** Searches the logs of all jobs of a build that have begun, instead of what was searched before. */
export function searchAll({ id, jobs }: Build, text: string): void {
  running.abort();
  const search = new AbortController();
  running = search;
  useAllSearch.setState({ ...none, buildId: id, text, isSearching: text !== '' });
  if (text === '') {
    return;
  }
  const platforms = jobs.map(({ platform }) => platform);
  const waiting = [...platforms];
  const searchNext = async (): Promise<void> => {
    for (let platform = waiting.shift(); platform; platform = waiting.shift()) {
      const request = { id, platform, text, limit: maxMatches, excerpts: true };
      const { lines, more, excerpts = [] } = await call('builds.search', request, { signal: search.signal });
      if (!search.signal.aborted && lines.length > 0) {
        addGroup(platforms, { platform, lines, excerpts, hasMore: more });
      }
    }
  };
  setTimeout(() => {
    if (search.signal.aborted) {
      return;
    }
    Promise.all(Array.from({ length: logsAtOnce }, searchNext)).then(
      () => finish(search),
      (error: unknown) => finish(search, problemOf(error)),
    );
  }, debounceMs);
}

function addGroup(platforms: readonly Platform[], group: SearchGroup): void {
  const position = ({ platform }: SearchGroup): number => platforms.indexOf(platform);
  useAllSearch.setState(({ groups }) => ({
    groups: [...groups, group].sort((one, other) => position(one) - position(other)),
  }));
}

function finish(search: AbortController, problem?: Problem): void {
  if (search === running && !search.signal.aborted) {
    search.abort();
    useAllSearch.setState({ isSearching: false, problem });
  }
}

/** Stops searching. What was found stays. */
export function stopAllSearch(): void {
  running.abort();
  useAllSearch.setState({ isSearching: false });
}

export function closeAllSearch(): void {
  running.abort();
  useAllSearch.setState(none);
}

export function setCurrentMatch(current: SearchMatch): void {
  useAllSearch.setState({ current });
}

/** The number of matches of all platforms. */
export function matchCount(groups: readonly SearchGroup[]): number {
  return groups.reduce((sum, { lines }) => sum + lines.length, 0);
}

/** The position of a match among all, counted from 0; -1 if it is none of them. */
export function matchPosition(groups: readonly SearchGroup[], match: SearchMatch | undefined): number {
  let before = 0;
  for (const { platform, lines } of groups) {
    if (platform === match?.platform) {
      const index = lines.indexOf(match.line);
      return index < 0 ? -1 : before + index;
    }
    before += lines.length;
  }
  return -1;
}

/** The match at a position, see {@link matchPosition}. */
export function matchAt(groups: readonly SearchGroup[], position: number): SearchMatch | undefined {
  let rest = position;
  for (const { platform, lines } of groups) {
    const line = lines[rest];
    if (line !== undefined) {
      return { platform, line };
    }
    rest -= lines.length;
  }
  return undefined;
}

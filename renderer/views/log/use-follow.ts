import { useCallback, useState } from 'react';
import type { LogSource } from './log-source.ts';

export interface Follow {
  /** Whether the log stays scrolled to its end. */
  readonly isFollowing: boolean;
  readonly setFollowing: (isFollowing: boolean) => void;
  /** The number of lines that have arrived since following stopped. */
  readonly newLineCount: number;
}

/** Following the end of a log. `setFollowing` is stable. */
export function useFollow(source: LogSource, isInitiallyFollowing: boolean): Follow {
  const [isFollowing, setState] = useState(isInitiallyFollowing);
  const [seenTotal, setSeenTotal] = useState(0);
  const setFollowing = useCallback(
    (next: boolean) => {
      setState(next);
      setSeenTotal(source.total);
    },
    [source],
  );
  return { isFollowing, setFollowing, newLineCount: isFollowing ? 0 : Math.max(0, source.total - seenTotal) };
}

import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { Platform } from '../../../shared/platform.ts';
import { useSync } from '../../stores/sync.ts';
import { LogSource } from './log-source.ts';

/** The log of a job; the component renders again when it changes. */
export function useLogSource(id: string, platform: Platform, isLive: boolean): LogSource {
  const [source] = useState(() => new LogSource(id, platform));
  useEffect(() => source.start(), [source]);
  useSyncExternalStore(source.subscribe, () => source.version);
  // reads the lines that were missed while the link was down, and the last lines of a job that has ended
  const link = useSync((state) => state.link);
  const isFirst = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: refreshes when the link or the state of the job changes
  useEffect(() => {
    if (!isFirst.current && link === 'open') {
      source.refresh();
    }
    isFirst.current = false;
  }, [source, link, isLive]);
  return source;
}

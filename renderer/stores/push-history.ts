import { useMemo } from 'react';
import { create } from 'zustand';
import type { PushRecord } from '../../shared/push.ts';
import { each, Feed } from './feed.ts';

interface History {
  /** Newest first. */
  readonly records: readonly PushRecord[];
}

/** Where images were pushed, also before the app was started. */
export const usePushHistory = create<History>(() => ({ records: [] }));

/** Where exactly this image was pushed, the last destination first. */
export function usePushesOf(reference: string, digest: string): readonly PushRecord[] {
  const records = usePushHistory((state) => state.records);
  return useMemo(
    () => records.filter((record) => record.reference === reference && record.digest === digest),
    [records, reference, digest],
  );
}

export const pushHistoryFeed = new Feed(
  each((event) => {
    if (event.event === 'pushes.changed') {
      usePushHistory.setState({ records: event.history });
    }
  }),
);

/** @throws Failure */
export function loadPushHistory(signal?: AbortSignal): Promise<void> {
  return pushHistoryFeed.load('pushes.history', {}, (records) => usePushHistory.setState({ records }), signal);
}

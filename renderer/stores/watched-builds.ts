import { useEffect, useMemo } from 'react';
import type { BuildEntry } from '../../shared/build-entry.ts';
import { useBuilds, useRunningIds } from './builds.ts';
import { isListUpTo, isTextUpTo, recall, remembered, rememberValue, useRemembered } from './memory.ts';
import { useNavigation, type View } from './navigation.ts';

/** How many builds are watched. The oldest make room for new ones. */
const maxWatched = 30;

/** The builds that this window has seen running, until their end is seen: oldest first. */
const watchedMemory = remembered('builds.watched', isListUpTo(maxWatched, isTextUpTo(256)), []);

/** A build whose end was not seen yet. */
export type UnseenBuild = BuildEntry & { readonly status: 'done' | 'failed' };

/** The builds that ended unseen, newest first. Cancelled ones are not among them: someone saw to that. */
export function useUnseenBuilds(): readonly UnseenBuild[] {
  const watched = useRemembered(watchedMemory);
  const entries = useBuilds((state) => state.entries);
  return useMemo(
    () => watched.flatMap((id) => (isUnseen(entries[id]) ? [entries[id]] : [])).reverse(),
    [watched, entries],
  );
}

function isUnseen(build: BuildEntry | undefined): build is UnseenBuild {
  return build?.status === 'done' || build?.status === 'failed';
}

/** Watches running builds, and forgets those whose end is seen. Used once, by the frame. */
export function useWatchBuilds(): void {
  const running = useRunningIds();
  const unseen = useUnseenBuilds();
  const view = useNavigation(({ route }) => route?.view);

  useEffect(() => {
    const { entries, loaded } = useBuilds.getState();
    const kept = recall(watchedMemory).filter(
      (id) => !loaded || entries[id]?.status === 'running' || isUnseen(entries[id]),
    );
    remember([...kept, ...running.filter((id) => !kept.includes(id))]);
  }, [running]);

  useEffect(() => {
    const see = (): void => {
      if (document.visibilityState === 'visible') {
        const seen = unseen.filter(({ id }) => isShownIn(view, id)).map(({ id }) => id);
        remember(recall(watchedMemory).filter((id) => !seen.includes(id)));
      }
    };
    see();
    document.addEventListener('visibilitychange', see);
    return () => document.removeEventListener('visibilitychange', see);
  }, [unseen, view]);
}

/** The list of builds shows how each of them ended. */
function isShownIn(view: View | undefined, id: string): boolean {
  return view?.view === 'builds' || (view?.view === 'build' && view.id === id);
}

function remember(ids: readonly string[]): void {
  const next = ids.slice(-maxWatched);
  if (next.join(' ') !== recall(watchedMemory).join(' ')) {
    rememberValue(watchedMemory, next);
  }
}

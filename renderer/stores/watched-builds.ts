import { useEffect, useMemo } from 'react';
import type { BuildEntry } from '../../shared/build-entry.ts';
import { formatCount, formatReferenceShort } from '../../shared/format.ts';
import { useBuilds, useRunningIds } from './builds.ts';
import { isListUpTo, isTextUpTo, recall, remembered, rememberValue, useRemembered } from './memory.ts';
import { navigate, useNavigation, type View } from './navigation.ts';
import { resumeAndOpen } from './resume.ts';
import { toast } from './toasts.ts';

/** How many builds are watched. The oldest make room for new ones. */
const maxWatched = 30;

/** The builds that this window has seen running, until their end is seen: oldest first. */
const watchedMemory = remembered('builds.watched', isListUpTo(maxWatched, isTextUpTo(256)), []);

/** The interrupted builds that were shown once, so that they are not shown again at every start. */
const interruptedMemory = remembered('builds.interrupted', isListUpTo(maxWatched, isTextUpTo(256)), []);

/** A build whose end was not seen yet. */
export type UnseenBuild = BuildEntry & { readonly status: 'done' | 'failed' | 'interrupted' };

/** Whether a build has what was asked for: it is done, and pushed if it should be. */
export function isGood({ status, notPushed }: Pick<UnseenBuild, 'status' | 'notPushed'>): boolean {
  return status === 'done' && notPushed === undefined;
}

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
  return build?.status === 'done' || build?.status === 'failed' || build?.status === 'interrupted';
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

/** Shows builds that were interrupted, once each, with what resumes them. Used once, by the frame. */
export function useInterruptedBuilds(): void {
  const entries = useBuilds((state) => state.entries);
  const loaded = useBuilds((state) => state.loaded);
  useEffect(() => {
    const shown = recall(interruptedMemory);
    const ids = Object.keys(entries).filter((id) => entries[id]?.status === 'interrupted' && !shown.includes(id));
    const [first = ''] = ids;
    if (!loaded || ids.length === 0) {
      return;
    }
    rememberValue(interruptedMemory, [...shown, ...ids].slice(-maxWatched));
    remember([...new Set([...recall(watchedMemory), ...ids])]);
    toast({
      title: formatCount(ids.length, 'build was interrupted', 'builds were interrupted'),
      description: ids.map((id) => formatReferenceShort(entries[id]?.reference ?? id)).join(', '),
      action:
        ids.length === 1
          ? { label: 'Resume', run: () => resumeAndOpen(first) }
          : { label: 'Show builds', run: () => navigate({ view: 'builds' }) },
    });
  }, [entries, loaded]);
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

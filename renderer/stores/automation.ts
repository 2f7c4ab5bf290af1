import { create } from 'zustand';
import type { BuildRequest } from '../../shared/build.ts';
import type { CallInput } from '../../shared/contract.ts';
import type { Timer } from '../../shared/timer.ts';
import type { Watch } from '../../shared/watch.ts';
import { call } from '../api.ts';
import { each, Feed } from './feed.ts';
import { takeTypedSecrets } from './typed-secrets.ts';

interface Automation {
  readonly timers: readonly Timer[];
  /** Oldest first, without those that have ended. */
  readonly watches: readonly Watch[];
}

/** What builds without a person: timers, which the window calls schedules, and watches. */
export const useAutomation = create<Automation>(() => ({ timers: [], watches: [] }));

export const timerFeed = new Feed(
  each((event) => {
    if (event.event === 'timers.changed') {
      useAutomation.setState({ timers: event.timers });
    }
  }),
);

export const watchFeed = new Feed(
  each((event) => {
    if (event.event === 'watch.changed') {
      put(event.watch);
    }
  }),
);

function put(watch: Watch): void {
  useAutomation.setState(({ watches }) => {
    if (watch.state === 'ended') {
      return { watches: watches.filter(({ id }) => id !== watch.id) };
    }
    return {
      watches: watches.some(({ id }) => id === watch.id)
        ? watches.map((other) => (other.id === watch.id ? watch : other))
        : [...watches, watch],
    };
  });
}

/** @throws Failure */
export function loadTimers(signal?: AbortSignal): Promise<void> {
  return timerFeed.load('timers.list', {}, (timers) => useAutomation.setState({ timers }), signal);
}

/** @throws Failure */
export function loadWatches(signal?: AbortSignal): Promise<void> {
  return watchFeed.load('watches.list', {}, (watches) => useAutomation.setState({ watches }), signal);
}

/** The watch that builds this image of this project. */
export function useWatchOf({ context, reference }: Pick<BuildRequest, 'context' | 'reference'>): Watch | undefined {
  return useAutomation(({ watches }) =>
    watches.find(({ request }) => request.context === context && request.reference === reference),
  );
}

/** Builds a project now and whenever it changes. @throws Failure */
export async function startWatch(request: CallInput<'builds.start'>): Promise<Watch> {
  const { bake: _, trigger: __, input: ___, ...own } = request;
  const watch = await call('watches.start', { ...own, ...takeTypedSecrets(request.secrets) });
  // events about it may arrive before this response does; they are newer
  if (useAutomation.getState().watches.every(({ id }) => id !== watch.id)) {
    put(watch);
  }
  return watch;
}

/** Ends a watch and its build. @throws Failure */
export async function stopWatch(id: string): Promise<void> {
  await call('watches.stop', { id });
}

import { create } from 'zustand';
import type { AppEvent, CallInput } from '../../shared/contract.ts';
import type { Push } from '../../shared/push.ts';
import { call } from '../api.ts';
import { each, Feed } from './feed.ts';

interface Pushes {
  readonly byId: Readonly<Record<string, Push>>;
  /** All ids, newest first. */
  readonly order: readonly string[];
}

export const usePushes = create<Pushes>(() => ({ byId: {}, order: [] }));

export function usePush(id: string | undefined): Push | undefined {
  return usePushes(({ byId }) => (id === undefined ? undefined : byId[id]));
}

export const pushFeed = new Feed(each(applyPushEvent));

/** @throws Failure */
export function loadPushes(signal?: AbortSignal): Promise<void> {
  return pushFeed.load(
    'pushes.list',
    {},
    (pushes) =>
      usePushes.setState({
        byId: Object.fromEntries(pushes.map((push) => [push.id, push])),
        order: pushes.map(({ id }) => id),
      }),
    signal,
  );
}

/** Starts a push and resolves at once. Its progress arrives in the store. @throws Failure */
export async function startPush(request: CallInput<'pushes.start'>): Promise<Push> {
  const push = await call('pushes.start', request);
  usePushes.setState((state) => (state.byId[push.id] ? state : putPush(state, push)));
  return push;
}

/** Starts pushes to several destinations, or with another compression. @throws Failure */
export async function startPushes(request: CallInput<'pushes.startAll'>): Promise<readonly Push[]> {
  const pushes = await call('pushes.startAll', request);
  for (const push of pushes) {
    usePushes.setState((state) => (state.byId[push.id] ? state : putPush(state, push)));
  }
  return pushes;
}

/** The pushes that were started together with one, in the order of their destinations. Only the push itself if there is no other. */
export function usePushGroup(push: Push | undefined): readonly Push[] {
  const { byId, order } = usePushes();
  if (push?.group === undefined) {
    return push ? [push] : [];
  }
  return order
    .flatMap((id) => byId[id] ?? [])
    .filter(({ group }) => group === push.group)
    .reverse();
}

/** @throws Failure */
export async function cancelPush(id: string): Promise<void> {
  await call('pushes.cancel', { id });
}

function applyPushEvent(event: AppEvent): void {
  if (event.event === 'push.progress' || event.event === 'push.finished') {
    const { push } = event;
    usePushes.setState((state) => putPush(state, push));
  }
}

function putPush({ byId, order }: Pushes, push: Push): Pushes {
  return { byId: { ...byId, [push.id]: push }, order: byId[push.id] ? order : [push.id, ...order] };
}

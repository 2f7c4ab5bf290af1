import { create } from 'zustand';
import type { AppEvent, CallInput, Push } from '../../shared/contract.ts';
import { call } from '../api.ts';

interface Pushes {
  readonly byId: Readonly<Record<string, Push>>;
  /** Every id, newest first. */
  readonly order: readonly string[];
}

export const usePushes = create<Pushes>(() => ({ byId: {}, order: [] }));

export function usePush(id: string | undefined): Push | undefined {
  return usePushes(({ byId }) => (id === undefined ? undefined : byId[id]));
}

/** @throws Failure */
export async function loadPushes(): Promise<void> {
  const pushes = await call('pushes.list', {});
  usePushes.setState({
    byId: Object.fromEntries(pushes.map((push) => [push.id, push])),
    order: pushes.map(({ id }) => id),
  });
}

/** Starts a push and answers at once; it goes on in the store. @throws Failure */
export async function startPush(request: CallInput<'pushes.start'>): Promise<Push> {
  const push = await call('pushes.start', request);
  usePushes.setState((state) => (state.byId[push.id] ? state : withPush(state, push)));
  return push;
}

/** @throws Failure */
export async function cancelPush(id: string): Promise<void> {
  await call('pushes.cancel', { id });
}

export function foldPushes(event: AppEvent): void {
  if (event.event === 'push.progress' || event.event === 'push.finished') {
    const { push } = event;
    usePushes.setState((state) => withPush(state, push));
  }
}

function withPush({ byId, order }: Pushes, push: Push): Pushes {
  return { byId: { ...byId, [push.id]: push }, order: byId[push.id] ? order : [push.id, ...order] };
}

import { create } from 'zustand';
import type { AppEvent, CallInput } from '../../shared/contract.ts';
import type { Copy } from '../../shared/copy.ts';
import { call } from '../api.ts';
import { each, Feed } from './feed.ts';

interface Copies {
  readonly byId: Readonly<Record<string, Copy>>;
  /** All ids, newest first. */
  readonly order: readonly string[];
}

/** Copies of images between registries and this computer, pulls among them. */
export const useCopies = create<Copies>(() => ({ byId: {}, order: [] }));

export function useCopy(id: string | undefined): Copy | undefined {
  return useCopies(({ byId }) => (id === undefined ? undefined : byId[id]));
}

export const copyFeed = new Feed(each(applyCopyEvent));

/** @throws Failure */
export function loadCopies(signal?: AbortSignal): Promise<void> {
  return copyFeed.load(
    'copies.list',
    {},
    (copies) =>
      useCopies.setState({
        byId: Object.fromEntries(copies.map((copy) => [copy.id, copy])),
        order: copies.map(({ id }) => id),
      }),
    signal,
  );
}

/** Starts a copy and resolves at once. Its progress arrives in the store. @throws Failure */
export async function startCopy(request: CallInput<'copies.start'>): Promise<Copy> {
  const [copy] = await call('copies.start', request);
  if (!copy) {
    throw new Error('no copy was started');
  }
  useCopies.setState((state) => (state.byId[copy.id] ? state : putCopy(state, copy)));
  return copy;
}

/** @throws Failure */
export async function cancelCopy(id: string): Promise<void> {
  await call('copies.cancel', { id });
}

function applyCopyEvent(event: AppEvent): void {
  if (event.event === 'copy.progress' || event.event === 'copy.finished') {
    const { copy } = event;
    useCopies.setState((state) => putCopy(state, copy));
  }
}

function putCopy({ byId, order }: Copies, copy: Copy): Copies {
  return { byId: { ...byId, [copy.id]: copy }, order: byId[copy.id] ? order : [copy.id, ...order] };
}

import { useEffect } from 'react';
import { create } from 'zustand';
import type { Bake } from '../../shared/bake.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { call } from '../api.ts';
import { each, Feed } from './feed.ts';

interface Bakes {
  readonly byId: Readonly<Record<string, Bake>>;
  readonly problems: Readonly<Record<string, Problem>>;
}

/** The bakes that the window has shown or that have changed since it was opened. */
export const useBakes = create<Bakes>(() => ({ byId: {}, problems: {} }));

export const bakeFeed = new Feed(
  each((event) => {
    if (event.event === 'bake.changed') {
      put(event.bake);
    }
  }),
);

function put(bake: Bake): void {
  useBakes.setState(({ byId, problems: { [bake.id]: _, ...problems } }) => ({
    byId: { ...byId, [bake.id]: bake },
    problems,
  }));
}

/** The bake with this id, loaded if necessary, or why there is none. */
export function useBake(id: string): { readonly bake?: Bake; readonly problem?: Problem } {
  const bake = useBakes(({ byId }) => byId[id]);
  const problem = useBakes(({ problems }) => problems[id]);
  const isMissing = !bake;
  useEffect(() => {
    if (isMissing) {
      call('bakes.get', { id }).then(put, (error: unknown) =>
        useBakes.setState(({ problems }) => ({ problems: { ...problems, [id]: problemOf(error) } })),
      );
    }
  }, [id, isMissing]);
  return { ...(bake ? { bake } : problem ? { problem } : {}) };
}

import { create } from 'zustand';
import { type Problem, problemOf } from '../../shared/problem.ts';
import type { LocalUse, NodeUse } from '../../shared/storage-use.ts';
import { call } from '../api.ts';

interface StorageUse {
  /** The newest figures of each node. */
  readonly nodes: Readonly<Record<string, NodeUse>>;
  /** Nodes that are being measured. */
  readonly measuring: ReadonlySet<string>;
  readonly here: LocalUse | undefined;
  readonly hereProblem: Problem | undefined;
}

export const useStorageUse = create<StorageUse>(() => ({
  nodes: {},
  measuring: new Set(),
  here: undefined,
  hereProblem: undefined,
}));

/** Measures nodes, each on its own, so that a slow one holds up no other. Never rejects. */
export async function measureNodes(names: readonly string[], signal?: AbortSignal): Promise<void> {
  const { measuring } = useStorageUse.getState();
  useStorageUse.setState({ measuring: new Set([...measuring, ...names]) });
  await Promise.all(
    names.map(async (name) => {
      const use = await call('storage.use', { connections: [name] }, signal ? { signal } : {}).then(
        ([first]) => first,
        (error: unknown): NodeUse => ({ node: name, kinds: [], problem: problemOf(error) }),
      );
      useStorageUse.setState((state) => ({
        measuring: new Set([...state.measuring].filter((each) => each !== name)),
        ...(use && !signal?.aborted ? { nodes: { ...state.nodes, [name]: use } } : {}),
      }));
    }),
  );
}

/** Measures the data folder of this computer. Never rejects. */
export async function measureHere(signal?: AbortSignal): Promise<void> {
  try {
    const here = await call('storage.local', {}, signal ? { signal } : {});
    useStorageUse.setState({ here, hereProblem: undefined });
  } catch (error) {
    if (!signal?.aborted) {
      useStorageUse.setState({ hereProblem: problemOf(error) });
    }
  }
}

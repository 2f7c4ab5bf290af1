import { useEffect } from 'react';
import { create } from 'zustand';
import { rangeMs, type Sample, type SampleRange, sampleRangeNames, sampleRanges } from '../../shared/node-history.ts';
import type { NodeSamples } from '../../shared/sample.ts';
import { call } from '../api.ts';
import { isOneOf, recall, remembered, rememberValue } from './memory.ts';

/** How often the samples of charts that are visible are loaded, in milliseconds. Nodes are sampled as often meanwhile. */
const pollMs = 15_000;

/** Charts that appear together are loaded together, in milliseconds. */
const collectMs = 30;

const rangeMemory = remembered('samples.range', isOneOf(sampleRangeNames), 'hours');

interface Samples {
  readonly range: SampleRange;
  /** When the range ends, in milliseconds since 1970: now, in whole steps of the range. */
  readonly endMs: number;
  /** By the name of the connection, oldest first. Only of nodes whose charts have been visible. */
  readonly byNode: Readonly<Record<string, readonly Sample[]>>;
}

export const useSamples = create<Samples>(() => ({ range: 'hours', endMs: 0, byNode: {} }));

/** How many visible charts each node has. */
const watched = new Map<string, number>();
let timer: ReturnType<typeof setTimeout> | undefined;
let load = new AbortController();

/** Keeps the samples of a node up to date while a chart of it is visible. */
export function useWatchedSamples(node: string, isVisible: boolean): void {
  useEffect(() => {
    if (!isVisible) {
      return undefined;
    }
    watched.set(node, (watched.get(node) ?? 0) + 1);
    if (useSamples.getState().byNode[node] === undefined || timer === undefined) {
      plan(collectMs);
    }
    return () => {
      const left = (watched.get(node) ?? 1) - 1;
      if (left > 0) {
        watched.set(node, left);
      } else {
        watched.delete(node);
      }
      if (watched.size === 0) {
        clearTimeout(timer);
        timer = undefined;
      }
    };
  }, [node, isVisible]);
}

export function setSampleRange(range: SampleRange): void {
  rememberValue(rangeMemory, range);
  plan(0);
}

function plan(delayMs: number): void {
  clearTimeout(timer);
  timer = setTimeout(() => void poll(), delayMs);
}

/** Loads what is new of the watched nodes. Without an answer, the charts stay as they are. */
async function poll(): Promise<void> {
  if (document.visibilityState === 'visible') {
    load.abort();
    load = new AbortController();
    await loadSamples([...watched.keys()], load.signal).catch(() => undefined);
  }
  if (watched.size > 0) {
    plan(pollMs);
  }
}

async function loadSamples(nodes: readonly string[], signal: AbortSignal): Promise<void> {
  const range = recall(rangeMemory);
  const before = useSamples.getState();
  const known = range === before.range ? before.byNode : {};
  const newestOf = (node: string): number => known[node]?.at(-1)?.at ?? 0;
  // nodes without samples are loaded as a whole
  const groups = [nodes.filter((node) => newestOf(node) === 0), nodes.filter((node) => newestOf(node) > 0)];
  const loaded = await Promise.all(
    groups.map((names) =>
      names.length === 0
        ? []
        : call('samples.get', { connections: names, range, since: Math.min(...names.map(newestOf)) }, { signal }),
    ),
  );
  const { stepMs } = sampleRanges[range];
  useSamples.setState({
    range,
    endMs: Math.ceil(Date.now() / stepMs) * stepMs,
    byNode: withLoaded(known, loaded.flat(), range),
  });
}

/** The samples of nodes that have not changed are the same objects as before. */
function withLoaded(known: Samples['byNode'], loaded: readonly NodeSamples[], range: SampleRange): Samples['byNode'] {
  const from = Date.now() - rangeMs(range);
  const changed = loaded.flatMap(({ node, samples }) => {
    const before = known[node] ?? [];
    const [first] = samples;
    const kept = first ? before.filter(({ at }) => at < first.at && at >= from) : before;
    const after = [...kept, ...samples];
    const isSame = known[node] !== undefined && JSON.stringify(after) === JSON.stringify(before);
    return isSame ? [] : [[node, after] as const];
  });
  return changed.length === 0 ? known : { ...known, ...Object.fromEntries(changed) };
}

import type { NodeHold } from '../../shared/queue.ts';

/** A job that a node runs, or that waits for it. */
export interface QueuedJob {
  /** How long it will still take: until it ends if it runs, its whole time if it waits. In milliseconds; missing if unknown. */
  readonly remainingMs?: number;
}

/** What a node has to do, for all builds of all processes of a data folder. */
export interface NodeLoad {
  /** How many jobs it runs at once. */
  readonly slots: number;
  /** In the order in which they run: the first ones, as many as there are slots, run now or start next. */
  readonly jobs: readonly QueuedJob[];
  /** A person has paused or drained it. */
  readonly hold?: NodeHold;
}

/** By connection. Connections to the same machine have the load of that machine. */
export type NodeLoads = Readonly<Record<string, NodeLoad>>;

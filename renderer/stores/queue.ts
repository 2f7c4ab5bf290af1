import { useMemo } from 'react';
import { create } from 'zustand';
import type { AppEvent } from '../../shared/contract.ts';
import type { HoldState, NodeHold, Queue, QueueMove } from '../../shared/queue.ts';
import { call } from '../api.ts';
import { Feed } from './feed.ts';
import { toast, toastProblem } from './toasts.ts';

interface QueueState {
  readonly queue: Queue;
  /** The nodes that are paused or drained, by the names of their connections. */
  readonly holds: Readonly<Record<string, NodeHold>>;
}

export const useQueue = create<QueueState>(() => ({ queue: { isPaused: false, builds: [], nodes: [] }, holds: {} }));

export const queueFeed = new Feed(applyQueueEvents);
export const holdFeed = new Feed(applyHoldEvents);

/** @throws Failure */
export async function loadQueue(signal?: AbortSignal): Promise<void> {
  await queueFeed.load('queue.get', {}, (queue) => useQueue.setState({ queue }), signal);
}

/** @throws Failure */
export async function loadHolds(signal?: AbortSignal): Promise<void> {
  await holdFeed.load('nodes.holds', {}, (holds) => useQueue.setState({ holds: byNode(holds) }), signal);
}

function applyHoldEvents(events: readonly AppEvent[]): void {
  for (const event of events) {
    if (event.event === 'holds.changed') {
      useQueue.setState({ holds: byNode(event.holds) });
    }
  }
}

function applyQueueEvents(events: readonly AppEvent[]): void {
  for (const event of events) {
    if (event.event === 'queue.changed') {
      useQueue.setState({ queue: event.queue });
    }
  }
  // which nodes there are, and how many jobs they run at once
  if (events.some(({ event }) => event === 'farms.changed' || event === 'settings.changed')) {
    void loadQueue().catch(() => undefined);
  }
}

function byNode(holds: readonly NodeHold[]): QueueState['holds'] {
  return Object.fromEntries(holds.map((hold) => [hold.node, hold]));
}

/** Whether a node is paused or drained, and why. */
export function useHold(node: string): NodeHold | undefined {
  return useQueue(({ holds }) => holds[node]);
}

/** How many jobs wait on all nodes, and how many run. */
export function useJobCounts(): { readonly running: number; readonly waiting: number } {
  const builds = useQueue(({ queue }) => queue.builds);
  return useMemo(() => jobCounts(builds), [builds]);
}

export function jobCounts(builds: Queue['builds']): { readonly running: number; readonly waiting: number } {
  return builds.reduce(
    (sum, build) => ({ running: sum.running + build.running, waiting: sum.waiting + build.waiting }),
    { running: 0, waiting: 0 },
  );
}

export function moveInQueue(id: string, to: QueueMove): void {
  call('queue.move', { id, to }).catch(toastProblem);
}

export function setQueuePaused(isPaused: boolean, id?: string): void {
  call(isPaused ? 'queue.pause' : 'queue.resume', id === undefined ? {} : { id }).catch(toastProblem);
}

export function holdNode(name: string, state: HoldState, reason?: string): void {
  call('nodes.hold', { name, state, ...(reason ? { reason } : {}) }).then(
    () =>
      toast({
        kind: 'done',
        title: state === 'paused' ? `Paused ${name}` : `Draining ${name}`,
        description:
          state === 'paused'
            ? 'It starts no further jobs. Jobs that wait for it go on waiting.'
            : 'It takes no jobs. Those that wait for it move to other nodes.',
        action: { label: 'Undo', run: () => resumeNode(name) },
      }),
    toastProblem,
  );
}

export function resumeNode(name: string): void {
  call('nodes.resume', { name }).catch(toastProblem);
}

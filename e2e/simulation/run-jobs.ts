/** What happens on the nodes: each runs its jobs in their order, as many at once as it has slots, and these slow each other. */
import { slowdown } from '../../electron/scheduling/estimates.ts';
import type { SimulatedNode } from './instance.ts';

export interface SimulatedJob {
  readonly node: SimulatedNode;
  /** How long it takes on each node that can build it, if nothing else runs there. */
  readonly msOn: (node: SimulatedNode) => number;
  /** How long it would take on each node by the estimates. Undefined: not there. Without it, the job does not move. */
  readonly estimateOn?: (node: SimulatedNode) => number | undefined;
}

interface RunningJob {
  readonly job: SimulatedJob;
  /** What is left of it, if nothing else ran there. */
  left: number;
  /** The same by the estimates. */
  estimatedLeft: number;
}

interface NodeState {
  readonly node: SimulatedNode;
  readonly waiting: SimulatedJob[];
  running: RunningJob[];
}

/** A job moves only if it is done so much earlier on the other node: as a share of its time. */
const minGain = 0.1;
const tiny = 1e-9;

/**
 * @param jobs in the order in which they come into the queues, all at the same time
 * @returns when the last job ends, in milliseconds
 */
export function runJobs(nodes: readonly SimulatedNode[], jobs: readonly SimulatedJob[]): number {
  const states = new Map<SimulatedNode, NodeState>(nodes.map((node) => [node, { node, waiting: [], running: [] }]));
  for (const job of jobs) {
    states.get(job.node)?.waiting.push(job);
  }
  const all = [...states.values()];
  let now = 0;
  for (;;) {
    all.forEach(startWaiting);
    takeOver(all);
    const busy = all.filter(({ running }) => running.length > 0);
    if (busy.length === 0) {
      return now;
    }
    const passed = Math.min(
      ...busy.map((state) => Math.min(...state.running.map(({ left }) => left)) * factorOf(state)),
    );
    now += passed;
    for (const state of busy) {
      const done = passed / factorOf(state);
      for (const job of state.running) {
        job.left -= done;
        job.estimatedLeft = Math.max(0, job.estimatedLeft - done);
      }
      state.running = state.running.filter(({ left }) => left > tiny);
    }
  }
}

/** How many jobs a node gets done in the time of one that it has for itself. */
export function capacity({ slots, cpus }: SimulatedNode): number {
  return Math.max(...Array.from({ length: slots }, (_, index) => (index + 1) / slowdown(index + 1, cpus)));
}

function factorOf({ node, running }: NodeState, more = 0): number {
  return slowdown(running.length + more, node.cpus);
}

function startWaiting(state: NodeState): void {
  while (state.running.length < state.node.slots) {
    const job = state.waiting.shift();
    if (!job) {
      return;
    }
    start(state, job);
  }
}

function start({ node, running }: NodeState, job: SimulatedJob): void {
  running.push({ job, left: job.msOn(node), estimatedLeft: job.estimateOn?.(node) ?? 0 });
}

/** Moves jobs that wait to nodes with a free slot, where they are done earlier by the estimates. */
function takeOver(states: readonly NodeState[]): void {
  const free = states.filter(({ node, running }) => running.length < node.slots);
  if (free.length === 0) {
    return;
  }
  for (const state of states.filter(({ waiting }) => waiting.length > 0)) {
    for (const job of [...state.waiting]) {
      const target = betterNode(state, job, free);
      if (target) {
        state.waiting.splice(state.waiting.indexOf(job), 1);
        start(target, job);
        if (target.running.length >= target.node.slots) {
          free.splice(free.indexOf(target), 1);
        }
      }
    }
  }
}

function betterNode(state: NodeState, job: SimulatedJob, free: readonly NodeState[]): NodeState | undefined {
  const { estimateOn } = job;
  if (!estimateOn) {
    return undefined;
  }
  let best: { target: NodeState; end: number } | undefined;
  for (const target of free) {
    const ms = estimateOn(target.node);
    if (ms !== undefined) {
      const end = ms * factorOf(target, 1);
      best = best && best.end <= end ? best : { target, end };
    }
  }
  return best && best.end * (1 + minGain) < endOf(state, job) ? best.target : undefined;
}

/** When a waiting job would end on its own node, by the estimates. */
function endOf(state: NodeState, job: SimulatedJob): number {
  const factor = factorOf(state);
  const ends = state.running.map(({ estimatedLeft }) => estimatedLeft * factor);
  for (const each of state.waiting) {
    const slot = ends.indexOf(Math.min(...ends));
    ends[slot] = (ends[slot] ?? 0) + (each.estimateOn?.(state.node) ?? 0) * factor;
    if (each === job) {
      return ends[slot] ?? 0;
    }
  }
  return 0;
}

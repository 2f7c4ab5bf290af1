/** How long a job will take on a node, from what is known of earlier jobs. */
import { type JobTime, usualEmulationFactor } from '../../shared/emulation.ts';
import type { Node } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import type { Estimate, Mode } from '../../shared/schedule.ts';
import type { LinkSpeed } from '../nodes/link-speeds.ts';

/** What is known of the time that jobs take. */
export interface ScheduleHistory {
  /** Jobs of the project that did work, newest first. */
  readonly times: readonly JobTime[];
  /** How many times longer a job takes on a node than on others, from all projects. 1 is usual. */
  readonly slowness?: Readonly<Record<string, number>>;
  /** How fast bytes reach each node and come from it. */
  readonly links?: Readonly<Record<string, LinkSpeed>>;
}

/** An estimate of a job that has its node for itself. */
export interface JobEstimate extends Estimate {
  /** What it is based on: jobs of this platform on this node, other jobs of the project, or nothing. */
  readonly basis: 'here' | 'elsewhere' | 'nothing';
  /** What it takes while nothing else runs on the machine. Only where it was built here before. */
  readonly usualMs?: number;
}

/** How long a native job takes of which nothing is known, in milliseconds. It only compares nodes, and is never shown. */
const unknownJobMs = 60_000;
/** What a cache leaves of the time of a job of which nothing else is known. */
const cachedShare = 0.25;
/** What a cache leaves of the time of a job that ran only without one. */
const firstRepeatShare = 0.7;
/** How many of the newest jobs count. */
const maxSamples = 5;
/** Processors of a node that are not known. */
const usualCpus = 4;
/** How many processors a job keeps busy. */
const cpusPerJob = 2;

/** Standard deviations of the logarithm of a time, by what it is based on. Four of five values are within 1.28 of them. */
const spreads = { least: 0.1, two: 0.25, one: 0.4, repeat: 0.6, otherNode: 0.5, otherPlatform: 0.7, otherMode: 0.9 };
const fourOfFive = 1.28;

/** How many times longer each of several jobs takes that run on a machine at once: the others keep so many of its processors busy. */
export function slowdown(jobs: number, cpus: number | undefined): number {
  return 1 + (Math.max(0, jobs - 1) * cpusPerJob) / Math.max(cpusPerJob, cpus ?? usualCpus);
}

/** How long a native job of which nothing is known may take on a node. Never shown. */
export function unknownTime({ cpus }: Node): number {
  return unknownJobMs * usualSlowness(cpus);
}

/** As the number of processors suggests. */
function usualSlowness(cpus: number | undefined): number {
  return Math.min(2, Math.max(0.5, Math.sqrt(8 / Math.max(1, cpus ?? usualCpus))));
}

/** Estimates jobs of one build. */
export class Estimator {
  readonly #history: ScheduleHistory;
  readonly #noCache: boolean;
  readonly #lastBuiltOn: Readonly<Record<Platform, string>>;
  readonly #cpus: ReadonlyMap<string, number | undefined>;
  /** By platform and node. */
  readonly #here = new Map<Platform, Map<string, JobTime[]>>();
  /** By platform and mode: what other jobs of the project say, as on a node of slowness 1. */
  #knownRepeatShare: number | undefined;
  readonly #elsewhere = {
    native: new Map<Platform, Elsewhere | undefined>(),
    emulated: new Map<Platform, Elsewhere | undefined>(),
  };

  /** @param noCache all steps run again. */
  constructor(
    history: ScheduleHistory,
    nodes: readonly Node[],
    { noCache = false, lastBuiltOn = {} }: { noCache?: boolean; lastBuiltOn?: Readonly<Record<Platform, string>> },
  ) {
    this.#history = history;
    this.#noCache = noCache;
    this.#lastBuiltOn = lastBuiltOn;
    this.#cpus = new Map(
      history.times.length > 0 ? nodes.map(({ connection, cpus }) => [connection, cpus] as const) : [],
    );
    for (const time of history.times) {
      const nodes = this.#here.get(time.platform) ?? new Map<string, JobTime[]>();
      this.#here.set(time.platform, nodes);
      const times = nodes.get(time.node);
      if (!times) {
        nodes.set(time.node, [time]);
      } else {
        times.push(time);
      }
    }
  }

  /**
   * How long a job takes, if none of our own jobs runs on its machine.
   * @param running how many of our jobs run there now, which are a part of its load average
   */
  estimate(platform: Platform, node: Node, mode: Mode, running = 0): JobEstimate {
    const here = this.#here
      .get(platform)
      ?.get(node.connection)
      ?.filter((time) => time.mode === mode);
    const factor = otherLoad(node, running);
    if (here && here.length > 0) {
      const { ms, spread } = this.#fromHere(here);
      return { ...within(ms * factor, spread, 'here'), usualMs: ms };
    }
    const isCached = !this.#noCache && this.#lastBuiltOn[platform] === node.connection;
    const cached = isCached ? cachedShare : 1;
    const slowness = this.#slownessOf(node.connection, node.cpus) * factor * cached;
    const known = this.#fromElsewhere(platform, mode);
    if (!known) {
      const ms = unknownJobMs * (mode === 'emulated' ? usualEmulationFactor : 1) * slowness;
      return { ms, low: ms, high: ms, basis: 'nothing' };
    }
    const transferMs = this.#transferMs(node.connection, known);
    return within(known.workMs * slowness + transferMs, isCached ? spreads.otherMode : known.spread, 'elsewhere');
  }

  #fromHere(here: readonly JobTime[]): { ms: number; spread: number } {
    const warm = here.filter(isWarm);
    const cold = here.filter((time) => !isWarm(time));
    const fitting = (this.#noCache ? cold : warm).slice(0, maxSamples);
    if (fitting.length > 0) {
      const times = fitting.map((time) => this.#aloneMs(time));
      return { ms: median(times), spread: spreadOf(times) };
    }
    // the other kind, as an upper or lower bound
    const ms = median(here.slice(0, maxSamples).map((time) => this.#aloneMs(time)));
    // older records do not say what was cached
    const isKnown = here[0]?.steps !== undefined;
    return { ms: ms * (this.#noCache || !isKnown ? 1 : this.#repeatShare()), spread: spreads.repeat };
  }

  /** What a cache leaves of the time of a job of this project. */
  #repeatShare(): number {
    this.#knownRepeatShare ??= this.#measureRepeatShare() ?? firstRepeatShare;
    return this.#knownRepeatShare;
  }

  #measureRepeatShare(): number | undefined {
    const shares = [...this.#here.values()]
      .flatMap((nodes) => [...nodes.values()])
      .flatMap((times) => {
        const warm = times.filter(isWarm);
        const cold = times.filter((time) => !isWarm(time));
        const msOf = (some: readonly JobTime[]): number => median(some.map((time) => this.#aloneMs(time)));
        return warm.length > 0 && cold.length > 0 ? [Math.min(1, msOf(warm) / msOf(cold))] : [];
      });
    return shares.length > 0 ? median(shares) : undefined;
  }

  #fromElsewhere(platform: Platform, mode: Mode): Elsewhere | undefined {
    const known = this.#elsewhere[mode];
    if (!known.has(platform)) {
      known.set(platform, this.#lookElsewhere(platform, mode));
    }
    return known.get(platform);
  }

  /** The jobs that are most like this one: of its platform and mode, of its platform, of its mode, or any. */
  #lookElsewhere(platform: Platform, mode: Mode): Elsewhere | undefined {
    const { times } = this.#history;
    const classes = [
      { spread: spreads.otherNode, fits: (time: JobTime) => time.platform === platform && time.mode === mode },
      { spread: spreads.otherMode, fits: (time: JobTime) => time.platform === platform },
      { spread: spreads.otherPlatform, fits: (time: JobTime) => time.mode === mode },
      { spread: spreads.otherMode, fits: () => true },
    ];
    for (const { spread, fits } of classes) {
      const all = times.filter(fits);
      // what a job takes without a cache, where that is known
      const cold = all.filter(({ cachedSteps = 0 }) => cachedSteps === 0);
      const fitting = (cold.length > 0 ? cold : all).slice(0, maxSamples);
      if (fitting.length > 0) {
        const work = fitting.map((time) => {
          const alone = Math.max(1, this.#aloneMs(time) - (time.transferMs ?? 0));
          const emulation =
            time.mode === mode ? 1 : mode === 'emulated' ? usualEmulationFactor : 1 / usualEmulationFactor;
          return (alone * emulation) / this.#slownessOf(time.node, this.#cpus.get(time.node));
        });
        return {
          workMs: median(work),
          spread,
          transferMs: median(fitting.map(({ transferMs = 0 }) => transferMs)),
          sentBytes: Math.max(...times.map(({ sentBytes = 0 }) => sentBytes)),
          receivedBytes: Math.max(...fitting.map(({ receivedBytes = 0 }) => receivedBytes)),
        };
      }
    }
    return undefined;
  }

  /** The time of a job, less what jobs of the same build on the same node have cost it. */
  #aloneMs({ ms, node, alongside = 0 }: JobTime): number {
    return ms / slowdown(1 + alongside, this.#cpus.get(node) ?? usualCpus);
  }

  #transferMs(node: string, { transferMs, sentBytes, receivedBytes }: Elsewhere): number {
    const { up, down } = this.#history.links?.[node] ?? {};
    if (up === undefined || down === undefined || sentBytes + receivedBytes === 0) {
      return transferMs;
    }
    return (sentBytes / up + receivedBytes / down) * 1000;
  }

  /** As measured, or as its processors suggest. */
  #slownessOf(node: string, cpus: number | undefined): number {
    return this.#history.slowness?.[node] ?? usualSlowness(cpus);
  }
}

interface Elsewhere {
  /** Without the transfer, on a node of slowness 1. */
  readonly workMs: number;
  readonly spread: number;
  readonly transferMs: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

function isWarm({ cachedSteps = 0 }: JobTime): boolean {
  return cachedSteps > 0;
}

/** How many times longer a job takes because of what else its machine does, as far as the load average says it. */
function otherLoad({ load = 0, cpus }: Node, running: number): number {
  if (cpus === undefined || cpus < 1) {
    return 1;
  }
  const others = Math.max(0, load - running * cpusPerJob);
  const needed = (others + cpusPerJob) / Math.max(cpus, cpusPerJob);
  return Math.min(4, Math.max(1, needed));
}

function within(ms: number, spread: number, basis: JobEstimate['basis']): JobEstimate {
  const some = Math.max(1, ms);
  const width = Math.exp(fourOfFive * spread);
  return { ms: some, low: some / width, high: some * width, basis };
}

function spreadOf(times: readonly number[]): number {
  if (times.length < 3) {
    return times.length < 2 ? spreads.one : spreads.two;
  }
  const logs = times.map((ms) => Math.log(Math.max(1, ms)));
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / (logs.length - 1);
  return Math.max(spreads.least, Math.sqrt(variance));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

import type { JobTime } from '../../shared/emulation.ts';
import { slowdown } from './estimates.ts';

/** Each round brings the two averages closer together; after so many, hardly. */
const rounds = 12;
/** A node counts as usual until it has been compared so often. */
const priorJobs = 1;
/** No node is taken to be further from the usual one. */
const maxFactor = 10;

/**
 * How many times longer a job takes on a node than on the usual one, from jobs of the same project, platform and mode on several
 * nodes: the logarithm of a time is the sum of what the job is and what the node is (two-way analysis of variance). Jobs with and
 * without a cache are different jobs. Nodes that were never compared with others are missing.
 * @param projects the job times of each project
 */
export function nodeSlowness(projects: readonly (readonly JobTime[])[]): Record<string, number> {
  const jobs = projects.flatMap(comparableJobs);
  const names = [...new Set(jobs.flatMap((job) => [...job.keys()]))].sort();
  let effects = new Map(names.map((name) => [name, 0]));
  const valuesOf = new Map(names.map((name) => [name, jobs.filter((job) => job.has(name))]));
  for (let round = 0; round < rounds; round += 1) {
    const levels = new Map(
      jobs.map((job) => [job, mean([...job].map(([node, log]) => log - (effects.get(node) ?? 0)))]),
    );
    const next = names.map((name) => {
      const all = (valuesOf.get(name) ?? []).map((job) => (job.get(name) ?? 0) - (levels.get(job) ?? 0));
      return [name, all.reduce((sum, value) => sum + value, 0) / (all.length + priorJobs)] as const;
    });
    const center = mean(next.map(([, effect]) => effect));
    effects = new Map(next.map(([name, effect]) => [name, effect - center]));
  }
  return Object.fromEntries(
    [...effects].map(([name, effect]) => [name, Math.min(maxFactor, Math.max(1 / maxFactor, Math.exp(effect)))]),
  );
}

/** Of each job that ran on several nodes: the mean logarithm of its time on each. */
function comparableJobs(times: readonly JobTime[]): Map<string, number>[] {
  const logs = new Map<string, Map<string, number[]>>();
  for (const { platform, node, mode, ms, cachedSteps, alongside = 0 } of times) {
    const cache = cachedSteps === undefined ? 'unknown' : cachedSteps > 0 ? 'warm' : 'cold';
    const job = `${platform} ${mode} ${cache}`;
    const nodes = logs.get(job) ?? new Map<string, number[]>();
    const log = Math.log(Math.max(1, ms / slowdown(1 + alongside, 4)));
    nodes.set(node, [...(nodes.get(node) ?? []), log]);
    logs.set(job, nodes);
  }
  return [...logs.values()]
    .filter((nodes) => nodes.size > 1)
    .map((nodes) => new Map([...nodes].map(([node, all]) => [node, mean(all)])));
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** How Barnraiser and others choose the nodes of builds that begin one right after the other. */
import type { NodeLoads } from '../../electron/nodes/node-load.ts';
import { Estimator } from '../../electron/scheduling/estimates.ts';
import { queueOrder, schedule } from '../../electron/scheduling/schedule.ts';
import { type Instance, jobMs, type SimulatedNode } from './instance.ts';
import type { Random } from './random.ts';
import type { SimulatedJob } from './run-jobs.ts';

export type Policy = (instance: Instance, random: Random) => SimulatedJob[];

/**
 * Barnraiser: the schedule itself, with what it knows: estimates from earlier jobs, and the estimates of the jobs in the
 * queues. A node with a free slot takes over jobs that wait for another one.
 */
export const ourSchedule: Policy = ({ nodes, builds, slowness }) => {
  const statuses = nodes.map(({ status }) => status);
  const facts = statuses.flatMap((status) => (status.state === 'up' ? status.node : []));
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const queues = new Map<string, { remainingMs: number }[]>(nodes.map(({ name }) => [name, []]));
  const load: NodeLoads = Object.fromEntries(
    nodes.map(({ name, slots }) => [name, { slots, jobs: queues.get(name) ?? [] }]),
  );
  return builds.flatMap((build) => {
    const { project, platforms } = build;
    const { lastBuiltOn, times } = project;
    const history = { times, slowness };
    const estimator = new Estimator(history, facts, { lastBuiltOn });
    const { assignments } = schedule({ nodes: statuses, platforms, emulate: true, load, lastBuiltOn, history });
    return queueOrder(assignments).map(({ platform, node: name, estimate }) => {
      queues.get(name)?.push({ remainingMs: estimate?.ms ?? 0 });
      const node = byName.get(name);
      if (!node) {
        throw new Error(`there is no node ${name}`);
      }
      const estimateOn = ({ status, native }: SimulatedNode): number | undefined =>
        status.state === 'up' && native.has(platform)
          ? estimator.estimate(platform, status.node, 'native').ms
          : undefined;
      return { node, msOn: (on) => jobMs(build, platform, on), estimateOn };
    });
  });
};

/** The same, but a job stays on its node, also if another is idle before it starts. */
export const ourScheduleAlone: Policy = (instance, random) =>
  ourSchedule(instance, random).map(({ node, msOn }) => ({ node, msOn }));

/** docker buildx: the first node of the builder that has the platform. */
export const firstMatch: Policy = ({ nodes, builds }) =>
  builds.flatMap((build) =>
    build.platforms.map((platform) => {
      const node = firstOf(nodes, platform);
      return { node, msOn: (on) => jobMs(build, platform, on) };
    }),
  );

/** podman farm: the native node that answers first. Each node has a delay of its own, and each answer takes more or less of it. */
export const firstToAnswer: Policy = ({ nodes, builds }, random) => {
  const delays = nodes.map((node) => ({ node, ms: 20 * random.factor(0.7) }));
  return builds.flatMap((build) => {
    const answers = delays
      .map(({ node, ms }) => ({ node, ms: ms * random.factor(0.3) }))
      .sort((one, other) => one.ms - other.ms)
      .map(({ node }) => node);
    return build.platforms.map((platform) => {
      const node = firstOf(answers, platform);
      return { node, msOn: (on) => jobMs(build, platform, on) };
    });
  });
};

function firstOf(
  nodes: readonly SimulatedNode[],
  platform: Parameters<SimulatedNode['native']['has']>[0],
): SimulatedNode {
  const node = nodes.find(({ native }) => native.has(platform));
  if (!node) {
    throw new Error(`no node builds ${platform}`);
  }
  return node;
}

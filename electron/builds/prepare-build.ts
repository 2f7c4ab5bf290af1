import type { BuildRequest } from '../../shared/build.ts';
import type { Connection } from '../../shared/connection.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { Schedule } from '../../shared/schedule.ts';
import type { Nodes } from '../nodes/nodes.ts';
import type { Quorum } from '../nodes/probe.ts';
import { resolveProject } from '../projects/project.ts';
import { isCoveredWithout } from '../scheduling/coverage.ts';
import { schedule } from '../scheduling/schedule.ts';
import type { ProjectMemories, ProjectMemory } from './project-memory.ts';

/** A build request and everything that is looked up once before any work begins. All steps of the build read it. */
export interface PreparedBuild {
  /** The request with the real path of the context, and with the farm that builds it. */
  readonly request: BuildRequest;
  /** Absolute path of the Containerfile. */
  readonly containerfile: string;
  readonly project: ProjectMemory;
  readonly connections: readonly Connection[];
  /** What a probe of the connections found. */
  readonly nodes: readonly NodeStatus[];
  readonly schedule: Schedule;
}

export interface PrepareOptions {
  readonly nodes: Nodes;
  readonly projects: ProjectMemories;
  /** How many jobs each node has now, by its connection. */
  readonly load: () => Readonly<Record<string, number>>;
}

/**
 * Resolves the project, probes the nodes and schedules the platforms. Platforms that no node can build are in the
 * schedule.
 * @throws Failure of `resolveProject` and of `Nodes.select`
 */
export async function prepareBuild(
  input: BuildRequest,
  { nodes, projects, load }: PrepareOptions,
): Promise<PreparedBuild> {
  const { context, containerfile } = await resolveProject(input);
  // the real path identifies the project whatever path the user gave; the farm is recorded by name because another farm
  // may be the default when the build is looked at later
  const farm = input.connections ? undefined : (input.farm ?? (await nodes.defaultFarm()));
  const request: BuildRequest = { ...input, context, ...(farm === undefined ? {} : { farm }) };
  const project = projects.of(request);
  const connections = await nodes.select(request);
  const { platforms, emulate, pins } = request;
  const options = { ...(platforms ? { platforms } : {}), emulate, pins };
  const quorum: Quorum = (answered, missing) =>
    isCoveredWithout(missing, { ...options, nodes: answered }, nodes.statuses());
  const [statuses, lastBuiltOn] = await Promise.all([
    nodes.probeConnections(connections, quorum),
    project.lastBuiltOn(),
  ]);
  return {
    request,
    containerfile,
    project,
    connections,
    nodes: statuses,
    schedule: schedule({ ...options, nodes: statuses, lastBuiltOn, load: load() }),
  };
}

/** @throws Failure why no node can be reached, or why the first unassigned platform cannot be built */
export function assertAllAssigned({ schedule: { unassigned, leftOut }, nodes }: PreparedBuild): void {
  const [first, ...others] = leftOut;
  if (first && leftOut.length === nodes.length) {
    throw others.length === 0
      ? new Failure(first.problem)
      : fail(
          'schedule.no-node',
          'None of the nodes can be reached.',
          'Check what is wrong with each of them: `barnraiser status`.',
          leftOut.map(({ problem }) => problem.message).join('\n'),
        );
  }
  const [platform] = unassigned;
  if (platform) {
    throw new Failure(platform.problem);
  }
}

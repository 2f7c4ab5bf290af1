import type { BuildRequest } from '../../shared/build.ts';
import type { Connection } from '../../shared/connection.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { Failure, fail } from '../../shared/problem.ts';
import type { Schedule } from '../../shared/schedule.ts';
import type { NodeLoad } from '../nodes/node-slots.ts';
import type { Nodes } from '../nodes/nodes.ts';
import type { Quorum } from '../nodes/probe.ts';
import { resolveProject } from '../projects/project.ts';
import { isCoveredWithout } from '../scheduling/coverage.ts';
import { schedule } from '../scheduling/schedule.ts';
import type { BuildInputs } from './build-inputs.ts';
import type { ContextPacking, ProjectToPack } from './context-packing.ts';
import type { ProjectMemories, ProjectMemory } from './project-memory.ts';

/** A build request and everything that is looked up once before any work begins. All steps of the build read it. */
export interface PreparedBuild {
  /** The request with real paths, and with the farm that builds it. */
  readonly request: BuildRequest;
  /** The Containerfile as it was read. What is shown and what is sent to the nodes is this content. */
  readonly containerfile: { readonly path: string; readonly content: Buffer };
  readonly inputs: BuildInputs;
  readonly project: ProjectMemory;
  readonly connections: readonly Connection[];
  /** What a probe of the connections found. */
  readonly nodes: readonly NodeStatus[];
  readonly schedule: Schedule;
  /** The context, if it is being packed already. */
  readonly packing?: ContextPacking;
}

/** A prepared build without its schedule, which depends on the load of the nodes. */
export interface UnscheduledBuild extends Omit<PreparedBuild, 'schedule'> {
  /** Platforms that no node can build are in the schedule. */
  schedule(load: NodeLoad): PreparedBuild;
}

export interface PrepareOptions {
  readonly nodes: Pick<Nodes, 'defaultFarm' | 'probeConnections' | 'select' | 'statuses'>;
  readonly projects: ProjectMemories;
  readonly signal?: AbortSignal | undefined;
  readonly inputs?: BuildInputs;
  /** Begins to pack the context while the nodes are probed. The caller of `prepareBuild` opens or closes it. */
  readonly pack?: (project: ProjectToPack) => ContextPacking;
}

/**
 * Resolves the project and probes the nodes.
 * @throws Failure of `resolveProject` and of `Nodes.select`, and the reason of the signal
 */
export async function prepareBuild(
  input: BuildRequest,
  { nodes, projects, signal, inputs = {}, pack }: PrepareOptions,
): Promise<UnscheduledBuild> {
  const { context, containerfile } = await resolveProject(input);
  const { path, content } = containerfile;
  // real paths identify the project whatever paths the user gave; the farm is recorded by name because another farm
  // may be the default when the build is looked at later
  const farm = input.connections ? undefined : (input.farm ?? (await nodes.defaultFarm()));
  const request: BuildRequest = {
    ...input,
    context,
    ...(input.file === undefined ? {} : { file: path }),
    ...(farm === undefined ? {} : { farm }),
  };
  const project = projects.of({ context, containerfile: path, target: request.target }, input.file);
  const connections = await nodes.select(request);
  const { emulate, pins, pull, retention } = request;
  const finished = inputs.retried?.finished ?? [];
  const platforms = request.platforms?.filter((platform) => !finished.some((job) => job.platform === platform));
  const options = { ...(platforms ? { platforms } : {}), emulate, pins, pull, retention };
  const quorum: Quorum = (answered, missing) =>
    isCoveredWithout(missing, { ...options, nodes: answered }, nodes.statuses());
  const packing = pack?.({ request, containerfile, project });
  const [statuses, lastBuiltOn] = await Promise.all([
    nodes.probeConnections(connections, { hasQuorum: quorum, acceptsRecent: true, ...(signal && { signal }) }),
    project.lastBuiltOn(),
  ]).catch(async (error: unknown) => {
    await packing?.close();
    throw error;
  });
  const unscheduled = {
    request,
    containerfile: { path, content },
    inputs,
    project,
    connections,
    nodes: statuses,
    ...(packing ? { packing } : {}),
  };
  return {
    ...unscheduled,
    schedule: (load) => ({
      ...unscheduled,
      schedule: schedule({ ...options, nodes: statuses, lastBuiltOn, load }),
    }),
  };
}

/** @throws Failure why no node can be reached, or why the first unassigned platform cannot be built */
export function assertAllAssigned({ schedule: { unassigned, leftOut }, nodes }: PreparedBuild): void {
  const [first, ...others] = leftOut;
  if (first && leftOut.length === nodes.length) {
    if (others.length === 0) {
      throw new Failure(first.problem);
    }
    const limited = leftOut.find(({ problem }) => problem.code === 'engine.unsupported');
    throw fail(
      'schedule.no-node',
      limited ? 'None of the nodes can do what the build asks for.' : 'None of the nodes can be reached.',
      limited?.problem.fix ?? 'Check their connections.',
      leftOut.map(({ problem }) => problem.message).join('\n'),
    ).offering({ id: 'show-connections' });
  }
  const [platform] = unassigned;
  if (platform) {
    throw new Failure(platform.problem);
  }
}

import { type AppliedAutomatic, wantsAutomatic } from '../../shared/automatic-options.ts';
import type { BuildRequest } from '../../shared/build.ts';
import { optionsOf } from '../../shared/build-options.ts';
import type { Connection } from '../../shared/connection.ts';
import type { ContentTag } from '../../shared/content-tag.ts';
import { describeEmulation } from '../../shared/emulation.ts';
import type { NodeStatus } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import { Failure, fail, type ProblemCode } from '../../shared/problem.ts';
import type { Schedule } from '../../shared/schedule.ts';
import type { LinkSpeeds } from '../nodes/link-speeds.ts';
import type { NodeLoads } from '../nodes/node-load.ts';
import type { Nodes } from '../nodes/nodes.ts';
import type { Quorum } from '../nodes/probe.ts';
import { assertStage, isPreprocessed } from '../projects/assert-stage.ts';
import { applyAutomatic, automaticValuesOf } from '../projects/automatic-options.ts';
import { type BuiltFile, type OpenedProject, openProject } from '../projects/open-project.ts';
import { isCoveredWithout } from '../scheduling/coverage.ts';
import type { ScheduleInput } from '../scheduling/schedule.ts';
import { spaceProblems } from '../scheduling/space.ts';
import { scheduleAround } from '../scheduling/withheld-nodes.ts';
import { type ContextSources, standardInputContext } from '../sources/context-sources.ts';
import { type BuildInputs, finishedJobs } from './build-inputs.ts';
import { BuildSecrets } from './build-secrets.ts';
import type { ContextPacking, ProjectToPack } from './context-packing.ts';
import { type OpenContextsOptions, type OpenedContexts, openContexts } from './named-contexts.ts';
import { isOptional, namedPlatforms, withOptional } from './optional-platforms.ts';
import type { ProjectMemories, ProjectMemory } from './project-memory.ts';
import type { ImageSigner } from './sign-images.ts';

/** A build request and everything that is looked up once before any work begins. All steps of the build read it. */
export interface PreparedBuild {
  /** The request with real paths, without logins, with the farm that builds it, and with the arguments and labels that come from git. */
  readonly request: BuildRequest;
  /** The request without what comes from git, which is looked up again when the build is repeated. */
  readonly given: BuildRequest;
  /** What comes from git, if the request asks for it. */
  readonly automatic?: AppliedAutomatic;
  /** The Containerfile as it was read. What is shown and what is sent to the nodes is this content. */
  readonly containerfile: BuiltFile;
  /** The Containerfiles of single platforms. */
  readonly containerfilesFor: ReadonlyMap<Platform, BuiltFile>;
  /** What is packed of it. */
  readonly contents: OpenedProject['contents'];
  /** The additional build contexts, which the build releases. */
  readonly namedContexts: OpenedContexts;
  /** The files of the project, which the build releases. */
  readonly source: OpenedProject['source'];
  readonly inputs: BuildInputs;
  readonly contentTag?: ContentTag | undefined;
  readonly secrets: BuildSecrets;
  /** Signs the image when it is done. */
  readonly signer?: ImageSigner | undefined;
  readonly project: ProjectMemory;
  readonly connections: readonly Connection[];
  /** What a probe of the connections found. */
  readonly nodes: readonly NodeStatus[];
  readonly schedule: Schedule;
  /** What decides the schedule besides the request, the nodes and their load: for jobs that move to other nodes. */
  readonly known?: KnownOfNodes;
  /** What the nodes had to do when the jobs were assigned. */
  readonly load?: NodeLoads;
  readonly links?: Pick<LinkSpeeds, 'add'>;
  /** Whether slow jobs are started a second time if the request does not say it. */
  readonly startsSlowJobsTwice?: boolean;
  /** The context, if it is being packed already. */
  readonly packing?: ContextPacking;
}

/** What is known of the nodes of a build from earlier ones, and from its farm. */
export type KnownOfNodes = Pick<ScheduleInput, 'lastBuiltOn' | 'history' | 'farmPins'>;

/** A prepared build without its schedule, which depends on the load of the nodes. */
export interface UnscheduledBuild extends Omit<PreparedBuild, 'schedule'> {
  /** Platforms that no node can build are in the schedule. */
  schedule(load: NodeLoads): PreparedBuild;
}

export interface PrepareOptions {
  readonly nodes: Pick<
    Nodes,
    'defaultFarm' | 'pinsOf' | 'probeConnections' | 'renew' | 'select' | 'statuses' | 'unavailable'
  >;
  readonly links?: Pick<LinkSpeeds, 'all' | 'add'> | undefined;
  readonly projects: ProjectMemories;
  readonly sources: ContextSources;
  readonly store: OpenContextsOptions['store'];
  readonly findBuild: OpenContextsOptions['findBuild'];
  /** A git reference that was looked up shortly before is not looked up again. */
  readonly acceptsRecent?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly inputs?: BuildInputs;
  /** The tag that the reference has from the content of the project. */
  readonly contentTag?: ContentTag | undefined;
  /** Without it, no node can be given any. */
  readonly secrets?: BuildSecrets;
  readonly signer?: ImageSigner | undefined;
  /** Begins to pack the context while the nodes are probed. The caller of `prepareBuild` opens or closes it. */
  readonly pack?: (project: ProjectToPack) => ContextPacking;
}

/**
 * Opens the project and probes the nodes. The caller releases the source of the project.
 * @throws Failure of `openProject`, `assertStage` and `Nodes.select`, and the reason of the signal
 */
export async function prepareBuild(input: BuildRequest, options: PrepareOptions): Promise<UnscheduledBuild> {
  const { sources, store, findBuild, signal = neverAborts, acceptsRecent = false, inputs = {} } = options;
  const { contextInput: file, retried } = inputs;
  const commit = retried?.build.commit;
  const how = { signal, acceptsRecent };
  const opened = await openProject({ ...input, input: file, commit }, sources, how);
  let contexts: OpenedContexts | undefined;
  try {
    for (const file of [opened.containerfile, ...opened.containerfilesFor.values()]) {
      if (!isPreprocessed(file)) {
        assertStage(file);
      }
    }
    contexts = await openContexts(input.contexts, { ...how, sources, store, findBuild });
    return await prepareOpened(input, opened, contexts, options);
  } catch (error) {
    contexts?.release();
    opened.source.release();
    throw error;
  }
}

const neverAborts = new AbortController().signal;

async function prepareOpened(
  input: BuildRequest,
  opened: OpenedProject,
  namedContexts: OpenedContexts,
  {
    nodes,
    projects,
    links,
    signal,
    inputs = {},
    contentTag,
    secrets = BuildSecrets.none,
    signer,
    pack,
  }: PrepareOptions,
): Promise<UnscheduledBuild> {
  const { source, folder, containerfile, containerfilesFor, contents, key } = opened;
  // real paths identify the project whatever paths the user gave; the farm is recorded by name because another farm
  // may be the default when the build is looked at later
  const farm = input.connections ? undefined : (input.farm ?? (await nodes.defaultFarm()));
  const given: BuildRequest = {
    ...input,
    context: source.isForeign ? source.context : folder,
    ...(input.file === undefined || source.isForeign ? {} : { file: containerfile.path }),
    ...(input.contexts === undefined ? {} : { contexts: { ...namedContexts.values } }),
    ...(farm === undefined ? {} : { farm }),
  };
  // projects that are piped into the command have nothing but their images' name to tell them apart
  const context = source.context === standardInputContext ? `${key.context} ${given.reference}` : key.context;
  const project = projects.of({ ...key, context, target: given.target }, input.file);
  const { build: retried, resumes = false } = inputs.retried ?? {};
  const finished = finishedJobs(inputs);
  const platforms = namedPlatforms(given)?.filter((platform) => !finished.some((job) => job.platform === platform));
  // what is there already needs no nodes
  const isAllThere = platforms?.length === 0 && inputs.existing !== undefined;
  const [connections, farmPins] = await Promise.all([isAllThere ? [] : nodes.select(given), nodes.pinsOf(given)]);
  const options = {
    ...optionsOf(given),
    ...(platforms ? { platforms } : {}),
    emulate: given.emulate,
    pins: given.pins,
    farmPins,
  };
  const quorum: Quorum = (answered, missing) =>
    isCoveredWithout(missing, { ...options, nodes: answered }, nodes.statuses());
  const packing = isAllThere ? undefined : pack?.({ contents, project, request: given });
  const closePacking = async (error: unknown): Promise<never> => {
    await packing?.close();
    throw error;
  };
  const probing = { hasQuorum: quorum, ...(signal && { signal }) };
  const [taken, lastBuiltOn, times, slowness, speeds, cached, lastSpace, automatic] = await Promise.all([
    nodes.probeConnections(connections, { ...probing, acceptsRecent: true }),
    project.lastBuiltOn(),
    project.times(),
    projects.slowness(),
    links?.all(),
    project.list(),
    project.space(),
    // images of one list have the same arguments and labels
    resumes ? retried?.automatic : findAutomatic(given, opened, signal),
  ]).catch(closePacking);
  const known: KnownOfNodes = {
    lastBuiltOn,
    farmPins,
    history: { times, slowness, ...(speeds ? { links: speeds } : {}) },
  };
  const scheduleOn = (nodesUp: readonly NodeStatus[], load: NodeLoads): Schedule => {
    const unavailable = spaceProblems(nodesUp, {
      contextBytes: packing?.packedBytes || (lastSpace?.contextBytes ?? 0),
      imageBytes: lastSpace?.imageBytes ?? 0,
      builtOn: new Set(cached.map(({ node }) => node)),
    });
    const input = { ...options, ...known, nodes: nodesUp, load, unavailable };
    return withOptional(given, (all) =>
      scheduleAround({ ...input, ...(all ? { platforms: all } : {}) }, nodes.unavailable(connections)),
    );
  };
  // a person may have fixed in the last minute what is missing
  const renew = async () =>
    scheduleOn(taken, {}).unassigned.length === 0 ? undefined : nodes.renew(connections, probing);
  const statuses = (await renew().catch(closePacking)) ?? taken;
  const unscheduled = {
    given,
    request: withAutomatic(given, automatic),
    ...(automatic ? { automatic } : {}),
    containerfile,
    containerfilesFor,
    contents,
    namedContexts,
    source,
    inputs,
    contentTag,
    secrets,
    signer,
    project,
    connections,
    nodes: statuses,
    known,
    ...(links ? { links } : {}),
    ...(packing ? { packing } : {}),
  };
  return {
    ...unscheduled,
    schedule: (load) => {
      const scheduled = scheduleOn(statuses, load);
      const usable = statuses.flatMap(({ state, connection }) => (state === 'up' ? connection : []));
      const emulation = describeEmulation(scheduled.assignments, times, usable);
      return { ...unscheduled, load, schedule: { ...scheduled, ...(emulation.length > 0 ? { emulation } : {}) } };
    },
  };
}

/** A request with what came from git. */
export function withAutomatic(request: BuildRequest, automatic: AppliedAutomatic | undefined): BuildRequest {
  return automatic
    ? {
        ...request,
        buildArgs: { ...request.buildArgs, ...automatic.args },
        labels: { ...request.labels, ...automatic.labels },
      }
    : request;
}

async function findAutomatic(
  request: BuildRequest,
  opened: OpenedProject,
  signal: AbortSignal | undefined,
): Promise<AppliedAutomatic | undefined> {
  return wantsAutomatic(request.automatic)
    ? applyAutomatic(await automaticValuesOf(opened, signal), request.automatic, request)
    : undefined;
}

/**
 * @throws Failure why no node can be reached, or why the first unassigned platform cannot be built that is not optional, or that
 *   is as all others
 */
export function assertAllAssigned({ schedule, nodes, request, inputs }: PreparedBuild): void {
  const { assignments, unassigned, leftOut } = schedule;
  const hasFinished = finishedJobs(inputs).length > 0;
  const isAllFinished = hasFinished && assignments.length + unassigned.length === 0;
  if (isAllFinished) {
    return;
  }
  if (leftOut.length > 0 && leftOut.length === nodes.length) {
    throw noNodeFailure(leftOut, nodes);
  }
  const isAnyBuilt = assignments.length > 0 || hasFinished;
  const platform = unassigned.find((each) => !isAnyBuilt || !isOptional(request, each.platform));
  if (platform) {
    throw new Failure(platform.problem);
  }
}

/** Why no node gets jobs of a build. */
function noNodeFailure(leftOut: Schedule['leftOut'], nodes: readonly NodeStatus[]): Failure {
  const [first] = leftOut;
  if (first && leftOut.length === 1) {
    return new Failure(first.problem);
  }
  const answered = leftOut.filter(({ node }) => nodes.some((each) => each.connection === node && each.state === 'up'));
  const limited = answered.find(({ problem }) => problem.code === 'engine.unsupported');
  const { code = 'schedule.no-node', fix = 'Check their connections.', actions } = answered[0]?.problem ?? {};
  const isSame = answered.length === leftOut.length && answered.every(({ problem }) => problem.code === code);
  const detail = leftOut.map(({ problem }) => problem.message).join('\n');
  if (limited) {
    const message = 'None of the nodes can do what the build asks for.';
    return fail('schedule.no-node', message, limited.problem.fix, detail).offering({ id: 'show-connections' });
  }
  const message = isSame ? allTexts[code] : undefined;
  const others =
    answered.length > 0 ? 'None of the nodes takes jobs of this build.' : 'None of the nodes can be reached.';
  return new Failure({
    ...fail(isSame ? code : 'schedule.no-node', message ?? others, fix, detail).problem,
    actions: isSame && actions ? actions : [{ id: 'show-connections' }],
  });
}

/** What is said if all nodes are left out for the same reason. */
const allTexts: Partial<Readonly<Record<ProblemCode, string>>> = {
  'node.draining': 'All nodes are draining and take no jobs.',
  'schedule.excluded': 'All nodes are excluded from this build.',
  'engine.disk-low': 'All nodes have too little free disk space for this build.',
};

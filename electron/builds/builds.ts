import type { Build, BuildRequest } from '../../shared/build.ts';
import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import type { Schedule } from '../../shared/farm.ts';
import type { NodeStatus } from '../../shared/node.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type { Nodes } from '../nodes/nodes.ts';
import type { Enough } from '../nodes/probe.ts';
import { resolveProject } from '../projects/resolve.ts';
import { readSource } from '../projects/source.ts';
import { coveredWithout } from '../scheduling/coverage.ts';
import { schedule } from '../scheduling/schedule.ts';
import type { SettingsStore } from '../settings/settings.ts';
import { BuildRun, type BuildServices } from './build-run.ts';
import { cancelled } from './job.ts';
import { type LogRange, readLog, searchLog } from './job-log.ts';
import { ProjectMemory, projectId } from './project-memory.ts';

/** All builds: those that run now and those that have ended. */
export class Builds {
  readonly #services: Omit<BuildServices, 'jobsPerNode'>;
  readonly #nodes: Nodes;
  readonly #settings: SettingsStore;
  readonly #running = new Map<string, { run: BuildRun; ended: Promise<unknown> }>();
  #closed = false;

  constructor(services: Omit<BuildServices, 'jobsPerNode'>, nodes: Nodes, settings: SettingsStore) {
    this.#services = services;
    this.#nodes = nodes;
    this.#settings = settings;
  }

  /** Who would build what. Platforms that nobody can build stand in the schedule. @throws Failure for what is wrong with the request */
  async preview(given: BuildRequest): Promise<Schedule> {
    return (await this.#prepare(given)).plan;
  }

  /** Starts a build and resolves with its first state. @throws Failure for everything that can be known before any work */
  async start(given: BuildRequest): Promise<Build> {
    const { request, containerfile, nodes, plan } = await this.#prepare(given);
    refuseHoles(plan, nodes);
    const { jobsPerNode, keepBuilds } = await this.#settings.get();
    const connections = await this.#nodes.select(request);
    if (this.#closed) {
      throw cancelled(request.reference);
    }
    const run = new BuildRun({ ...this.#services, jobsPerNode }, { request, containerfile, connections, nodes, plan });
    const prepared = run.prepare();
    const ended = prepared
      .then(() => run.run())
      .finally(async () => {
        this.#running.delete(run.id);
        await this.#services.history.retain(keepBuilds);
      });
    this.#running.set(run.id, { run, ended: ended.catch(() => undefined) });
    await prepared;
    return run.build;
  }

  /** Resolves when the build, or its one platform, has been told to stop; the end of a whole build is waited for. */
  async cancel(id: string, platform?: Platform): Promise<void> {
    const running = this.#running.get(id);
    running?.run.cancel(platform);
    if (platform === undefined) {
      await running?.ended;
    }
  }

  /** @throws Failure `build.unknown` */
  async get(id: string): Promise<Build> {
    return this.#running.get(id)?.run.build ?? this.#services.history.get(id);
  }

  async list(): Promise<Build[]> {
    const builds = await this.#services.history.list();
    return builds.map((build) => this.#running.get(build.id)?.run.build ?? build);
  }

  /** @throws Failure `build.unknown`, `build.running` */
  async remove(id: string): Promise<void> {
    if (this.#running.has(id)) {
      throw fail('build.running', `Build ${id} is still running.`, 'Cancel it first.');
    }
    await this.#services.history.remove(id);
  }

  /** @throws Failure `build.unknown` */
  async log({ id, platform, from, count }: CallRequest<'builds.log'>): Promise<LogRange> {
    const log = this.#running.get(id)?.run.log(platform);
    return log ? log.read(from, count) : readLog(await this.#logPath(id, platform), from, count);
  }

  /** @throws Failure `build.unknown` */
  async search({ id, platform, text, limit }: CallRequest<'builds.search'>): Promise<CallOutput<'builds.search'>> {
    return searchLog(await this.#logPath(id, platform), text, limit);
  }

  /** @throws Failure `build.unknown` */
  async source(id: string): Promise<CallOutput<'builds.source'>> {
    const { path, text } = await this.#services.history.containerfile(id);
    return { path, lines: text.split('\n'), instructions: readSource(text).instructions };
  }

  /** Cancels what runs and resolves when it has ended; what is still being prepared will not start. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)));
  }

  async #logPath(id: string, platform: Platform): Promise<string> {
    const { assignments } = (await this.get(id)).schedule;
    if (!assignments.some((job) => job.platform === platform)) {
      throw fail(
        'build.unknown',
        `Build ${id} has no job for ${platform}.`,
        `It has ${assignments.map((job) => job.platform).join(', ')}.`,
      );
    }
    return this.#services.history.logPath(id, platform);
  }

  async #prepare(
    given: BuildRequest,
  ): Promise<{ request: BuildRequest; containerfile: string; nodes: NodeStatus[]; plan: Schedule }> {
    const { context, containerfile } = await resolveProject(given);
    // with its real path a project is the same one however it was reached; the farm that was meant is named, since another may
    // be the default when this build is looked at again
    const farm = given.connections ? undefined : (given.farm ?? (await this.#nodes.defaultFarm()));
    const request: BuildRequest = { ...given, context, ...(farm === undefined ? {} : { farm }) };
    const memory = new ProjectMemory(this.#services.projectsFolder, projectId(request), context);
    const { platforms, emulate, pins } = request;
    const wanted = { ...(platforms ? { platforms } : {}), emulate, pins };
    const enough: Enough = (answered, missing) =>
      coveredWithout(missing, { ...wanted, nodes: answered }, this.#nodes.known());
    const [nodes, lastBuiltOn] = await Promise.all([this.#nodes.probe(request, enough), memory.lastBuiltOn()]);
    const plan = schedule({ ...wanted, nodes, lastBuiltOn, load: this.#load() });
    return { request, containerfile, nodes, plan };
  }

  /** How many jobs each node has now. */
  #load(): Record<string, number> {
    const load: Record<string, number> = {};
    for (const { run } of this.#running.values()) {
      for (const { node, durationMs } of run.build.jobs) {
        load[node] = (load[node] ?? 0) + (durationMs === undefined ? 1 : 0);
      }
    }
    return load;
  }
}

/** @throws Failure why no node can be reached, else the first reason why a platform that was asked for cannot be built. */
function refuseHoles({ unassigned, leftOut }: Schedule, nodes: readonly NodeStatus[]): void {
  const [first, ...others] = leftOut;
  if (first && leftOut.length === nodes.length) {
    const { code, message, fix, detail } = first.problem;
    throw others.length === 0
      ? fail(code, message, fix, detail)
      : fail(
          'schedule.no-node',
          'None of the nodes can be reached.',
          'See what is wrong with each: `barnraiser status`.',
          leftOut.map(({ problem }) => problem.message).join('\n'),
        );
  }
  const [hole] = unassigned;
  if (hole) {
    const { code, message, fix, detail } = hole.problem;
    throw fail(code, message, fix, detail);
  }
}

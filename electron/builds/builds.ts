/** Builds: from a request to jobs on nodes to a manifest list, with the history and logs of all builds. */
import type { Build, BuildRequest } from '../../shared/build.ts';
import type { CallOutput, CallRequest } from '../../shared/contract.ts';
import type { Platform } from '../../shared/platform.ts';
import { fail } from '../../shared/problem.ts';
import type { Schedule } from '../../shared/schedule.ts';
import type { Nodes } from '../nodes/nodes.ts';
import { parseContainerfile } from '../projects/parse-containerfile.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import { BuildRun, type BuildServices } from './build-run.ts';
import { buildCancelled } from './cancellation.ts';
import { type LogRange, readLog, searchLog } from './job-log.ts';
import { assertAllAssigned, type PreparedBuild, prepareBuild } from './prepare-build.ts';
import type { ProjectMemories } from './project-memory.ts';

export interface BuildsOptions extends BuildServices {
  readonly nodes: Nodes;
  readonly projects: ProjectMemories;
  readonly settings: SettingsStore;
}

/** All builds: the running ones and the history. */
export class Builds {
  readonly #options: BuildsOptions;
  readonly #running = new Map<string, { run: BuildRun; ended: Promise<void> }>();
  #isClosed = false;

  constructor(options: BuildsOptions) {
    this.#options = options;
  }

  /**
   * The schedule that {@link start} would use. Platforms that no node can build are in it.
   * @throws Failure if the request is invalid
   */
  async preview(request: BuildRequest): Promise<Schedule> {
    return (await this.#prepare(request)).schedule;
  }

  /**
   * Starts a build and resolves with its first state.
   * @throws Failure for everything that is known before any work begins
   */
  async start(request: BuildRequest): Promise<Build> {
    const prepared = await this.#prepare(request);
    assertAllAssigned(prepared);
    const { jobsPerNode, keepBuilds } = await this.#options.settings.get();
    if (this.#isClosed) {
      throw buildCancelled(request.reference);
    }
    const run = new BuildRun(this.#options, prepared, jobsPerNode);
    const opened = run.open();
    const ended = opened
      .then(() => run.run())
      .finally(async () => {
        this.#running.delete(run.id);
        await this.#options.history.retain(keepBuilds);
      });
    this.#running.set(run.id, { run, ended: ended.catch(() => undefined) });
    await opened;
    return run.build;
  }

  /** Cancels a build and waits for its end. With a platform, cancels only its job and does not wait. */
  async cancel(id: string, platform?: Platform): Promise<void> {
    const running = this.#running.get(id);
    running?.run.cancel(platform);
    if (platform === undefined) {
      await running?.ended;
    }
  }

  /** @throws Failure `build.unknown` */
  async get(id: string): Promise<Build> {
    return this.#running.get(id)?.run.build ?? this.#options.history.get(id);
  }

  async list(): Promise<Build[]> {
    const builds = await this.#options.history.list();
    return builds.map((build) => this.#running.get(build.id)?.run.build ?? build);
  }

  /** @throws Failure `build.unknown`, `build.running` */
  async remove(id: string): Promise<void> {
    if (this.#running.has(id)) {
      throw fail('build.running', `Build ${id} is still running.`, 'Cancel it first.');
    }
    await this.#options.history.remove(id);
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
    const { path, text } = await this.#options.history.containerfile(id);
    return { path, lines: text.split('\n'), instructions: parseContainerfile(text).instructions };
  }

  /** Cancels all running builds and waits for their end. A build that is still being prepared does not start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#running.keys()].map((id) => this.cancel(id)));
  }

  async #logPath(id: string, platform: Platform): Promise<string> {
    const { assignments } = (await this.get(id)).schedule;
    if (!assignments.some((job) => job.platform === platform)) {
      throw fail(
        'build.unknown',
        `Build ${id} has no job for ${platform}.`,
        `Its platforms are ${assignments.map((job) => job.platform).join(', ')}.`,
      );
    }
    return this.#options.history.logPath(id, platform);
  }

  #prepare(request: BuildRequest): Promise<PreparedBuild> {
    const { nodes, projects } = this.#options;
    return prepareBuild(request, { nodes, projects, load: () => this.#jobsPerNode() });
  }

  /** How many unfinished jobs each node has. */
  #jobsPerNode(): Record<string, number> {
    const count: Record<string, number> = {};
    for (const { run } of this.#running.values()) {
      for (const { node, durationMs } of run.build.jobs) {
        count[node] = (count[node] ?? 0) + (durationMs === undefined ? 1 : 0);
      }
    }
    return count;
  }
}

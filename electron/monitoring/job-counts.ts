import { isEnd, type JobState } from '../../shared/build.ts';
import type { AppEvent } from '../../shared/contract.ts';

/** The jobs of a node, of all builds of the data folder. */
export interface JobCount {
  readonly running: number;
  /** Jobs that wait for a slot. */
  readonly waiting: number;
}

type Assigned = Pick<JobState, 'node' | 'status'>;

/** Counts the jobs of nodes from the events of builds. */
export class JobCounts {
  /** The jobs that have not ended: by build, then by platform. */
  readonly #builds = new Map<string, Map<string, Assigned>>();

  /** @returns the nodes whose numbers may have changed */
  update(event: AppEvent): string[] {
    switch (event.event) {
      case 'build.started':
        this.#builds.set(event.build.id, new Map());
        return event.build.jobs.flatMap((job) => this.#set(event.build.id, job));
      case 'job.changed':
        return this.#set(event.buildId, event.job);
      case 'build.finished': {
        const jobs = this.#builds.get(event.build.id);
        this.#builds.delete(event.build.id);
        return [...(jobs?.values() ?? [])].map(({ node }) => node);
      }
      default:
        return [];
    }
  }

  #set(id: string, { platform, node, status }: Assigned & Pick<JobState, 'platform'>): string[] {
    const jobs = this.#builds.get(id);
    const before = jobs?.get(platform);
    if (!jobs || (before?.node === node && before.status === status)) {
      return [];
    }
    if (isEnd(status)) {
      jobs.delete(platform);
    } else {
      jobs.set(platform, { node, status });
    }
    return [...new Set([node, ...(before ? [before.node] : [])])];
  }

  of(node: string): JobCount {
    const jobs = [...this.#builds.values()].flatMap((platforms) => [...platforms.values()]);
    const own = jobs.filter((job) => job.node === node);
    const waiting = own.filter(({ status }) => status === 'queued').length;
    return { running: own.length - waiting, waiting };
  }

  /** Whether any build runs. */
  get hasBuilds(): boolean {
    return this.#builds.size > 0;
  }
}

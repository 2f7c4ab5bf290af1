import { useMemo } from 'react';
import { create } from 'zustand';
import type { Build, Job } from '../../shared/build.ts';
import type { AppEvent, CallInput } from '../../shared/contract.ts';
import type { Platform } from '../../shared/platform.ts';
import { call } from '../api.ts';

/** The progress of packing a context. */
export interface ContextProgress {
  readonly files: number;
  readonly bytes: number;
  readonly done: boolean;
}

interface Builds {
  readonly byId: Readonly<Record<string, Build>>;
  /** All ids, newest first. The array changes only when builds are added or removed. */
  readonly order: readonly string[];
  /** By build id. Only what was reported since this window opened; the final figures are in `Build.context`. */
  readonly packing: Readonly<Record<string, ContextProgress>>;
  /** The known number of lines in a job's log, by build id and platform. The lines themselves are read with `builds.log`. */
  readonly lineCounts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly loaded: boolean;
}

export const useBuilds = create<Builds>(() => ({ byId: {}, order: [], packing: {}, lineCounts: {}, loaded: false }));

export function useBuild(id: string): Build | undefined {
  return useBuilds(({ byId }) => byId[id]);
}

export function useJob(id: string, platform: Platform): Job | undefined {
  return useBuilds(({ byId }) => byId[id]?.jobs.find((job) => job.platform === platform));
}

/** The ids of all running builds, newest first. The array changes only when a build starts or ends. */
export function useRunningIds(): readonly string[] {
  const joined = useBuilds(({ byId, order }) => order.filter((id) => byId[id]?.status === 'running').join(' '));
  return useMemo(() => (joined === '' ? [] : joined.split(' ')), [joined]);
}

/** The number of jobs that are running on a node. */
export function useRunningJobCount(node: string): number {
  return useBuilds(({ byId }) =>
    Object.values(byId).reduce(
      (sum, build) =>
        sum + (build.status === 'running' ? build.jobs.filter((job) => isRunningOn(job, node)).length : 0),
      0,
    ),
  );
}

function isRunningOn(job: Job, node: string): boolean {
  return job.node === node && (job.status === 'context' || job.status === 'building' || job.status === 'transferring');
}

/** @throws Failure */
export async function loadBuilds(): Promise<void> {
  const builds = await call('builds.list', {});
  useBuilds.setState(({ packing, lineCounts }) => ({
    byId: Object.fromEntries(builds.map((build) => [build.id, build])),
    order: sortNewestFirst(builds),
    packing,
    lineCounts,
    loaded: true,
  }));
}

/** Starts a build and resolves as soon as it is scheduled. @throws Failure */
export async function startBuild(request: CallInput<'builds.start'>): Promise<Build> {
  const build = await call('builds.start', request);
  // events about the build may arrive before this response does; they are newer
  useBuilds.setState((state) => (state.byId[build.id] ? state : putBuild(state, build)));
  return build;
}

/** Cancels a build, or one of its platforms. Resolves when it has ended. @throws Failure */
export async function cancelBuild(id: string, platform?: Platform): Promise<void> {
  await call('builds.cancel', { id, ...(platform ? { platform } : {}) });
}

/** Deletes an ended build with its logs. @throws Failure `build.running`, `build.unknown` */
export async function removeBuild(id: string): Promise<void> {
  await call('builds.remove', { id });
  useBuilds.setState(({ byId, order }) => {
    const { [id]: _, ...rest } = byId;
    return { byId: rest, order: order.filter((other) => other !== id) };
  });
}

/** Applies any number of events in one update of the store. */
export function applyBuildEvents(events: readonly AppEvent[]): void {
  useBuilds.setState((state) => events.reduce(applyBuildEvent, state));
}

function applyBuildEvent(state: Builds, event: AppEvent): Builds {
  switch (event.event) {
    case 'build.started':
    case 'build.finished':
      return putBuild(state, event.build);
    case 'build.context': {
      const { buildId, files, bytes, done } = event;
      return { ...state, packing: { ...state.packing, [buildId]: { files, bytes, done } } };
    }
    case 'job.changed': {
      const build = state.byId[event.buildId];
      // a job event can arrive after the event that ended its build; it is older and must not undo the end
      return build?.status === 'running' ? putBuild(state, replaceJob(build, event.job)) : state;
    }
    case 'job.log': {
      const counts = state.lineCounts[event.buildId] ?? {};
      const count = Math.max(counts[event.platform] ?? 0, event.from + event.lines.length);
      return {
        ...state,
        lineCounts: { ...state.lineCounts, [event.buildId]: { ...counts, [event.platform]: count } },
      };
    }
    default:
      return state;
  }
}

function replaceJob(build: Build, job: Job): Build {
  return { ...build, jobs: build.jobs.map((other) => (other.platform === job.platform ? job : other)) };
}

function putBuild(state: Builds, build: Build): Builds {
  const byId = { ...state.byId, [build.id]: build };
  return { ...state, byId, order: state.byId[build.id] ? state.order : sortNewestFirst(Object.values(byId)) };
}

function sortNewestFirst(builds: readonly Build[]): string[] {
  return [...builds]
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0))
    .map(({ id }) => id);
}

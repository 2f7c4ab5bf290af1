import { useMemo } from 'react';
import { create } from 'zustand';
import type { Build, Job } from '../../shared/build.ts';
import type { AppEvent, CallInput } from '../../shared/contract.ts';
import type { Platform } from '../../shared/platform.ts';
import { call } from '../api.ts';

/** How far the packing of a context is. */
export interface ContextProgress {
  readonly files: number;
  readonly bytes: number;
  readonly done: boolean;
}

interface Builds {
  readonly byId: Readonly<Record<string, Build>>;
  /** Every id, newest first. It changes only when builds come or go, never while they run. */
  readonly order: readonly string[];
  /** By build, where it was told since this window opened; `build.context` has the final figures. */
  readonly packing: Readonly<Record<string, ContextProgress>>;
  /** How many lines a job's log is known to have, by build and platform. The lines themselves are read with `builds.log`. */
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

/** The ids of the builds that run, newest first; the same array while none starts or ends. */
export function useRunningIds(): readonly string[] {
  const joined = useBuilds(({ byId, order }) => order.filter((id) => byId[id]?.status === 'running').join(' '));
  return useMemo(() => (joined === '' ? [] : joined.split(' ')), [joined]);
}

/** How many jobs of running builds a node has now. */
export function useJobsOn(node: string): number {
  return useBuilds(({ byId }) =>
    Object.values(byId).reduce(
      (sum, build) => sum + (build.status === 'running' ? build.jobs.filter((job) => isAtWork(job, node)).length : 0),
      0,
    ),
  );
}

function isAtWork(job: Job, node: string): boolean {
  return job.node === node && (job.status === 'context' || job.status === 'building' || job.status === 'pulling');
}

/** @throws Failure */
export async function loadBuilds(): Promise<void> {
  const builds = await call('builds.list', {});
  useBuilds.setState(({ packing, lineCounts }) => ({
    byId: Object.fromEntries(builds.map((build) => [build.id, build])),
    order: sorted(builds),
    packing,
    lineCounts,
    loaded: true,
  }));
}

/** Starts a build and answers as soon as it has a schedule. @throws Failure */
export async function startBuild(request: CallInput<'builds.start'>): Promise<Build> {
  const build = await call('builds.start', request);
  // events may have told of it before the answer came, and know more by now
  useBuilds.setState((state) => (state.byId[build.id] ? state : withBuild(state, build)));
  return build;
}

/** Cancels a build, or one of its platforms; resolves when it has ended. @throws Failure */
export async function cancelBuild(id: string, platform?: Platform): Promise<void> {
  await call('builds.cancel', { id, ...(platform ? { platform } : {}) });
}

/** Forgets an ended build with its logs. @throws Failure `build.running`, `build.unknown` */
export async function removeBuild(id: string): Promise<void> {
  await call('builds.remove', { id });
  useBuilds.setState(({ byId, order }) => {
    const { [id]: _, ...rest } = byId;
    return { byId: rest, order: order.filter((other) => other !== id) };
  });
}

/** Folds events into the store in one step, however many there are. */
export function foldBuilds(events: readonly AppEvent[]): void {
  useBuilds.setState((state) => events.reduce(fold, state));
}

function fold(state: Builds, event: AppEvent): Builds {
  switch (event.event) {
    case 'build.started':
    case 'build.finished':
      return withBuild(state, event.build);
    case 'build.context': {
      const { buildId, files, bytes, done } = event;
      return { ...state, packing: { ...state.packing, [buildId]: { files, bytes, done } } };
    }
    case 'job.changed': {
      const build = state.byId[event.buildId];
      // what is told of an ended build was said before its end, and is older than what is known
      return build?.status === 'running' ? withBuild(state, withJob(build, event.job)) : state;
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

function withJob(build: Build, job: Job): Build {
  return { ...build, jobs: build.jobs.map((other) => (other.platform === job.platform ? job : other)) };
}

function withBuild(state: Builds, build: Build): Builds {
  const byId = { ...state.byId, [build.id]: build };
  return { ...state, byId, order: state.byId[build.id] ? state.order : sorted(Object.values(byId)) };
}

function sorted(builds: readonly Build[]): string[] {
  return [...builds]
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0))
    .map(({ id }) => id);
}

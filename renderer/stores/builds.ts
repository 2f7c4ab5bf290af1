import { useEffect, useMemo } from 'react';
import { create } from 'zustand';
import { type Build, isEnd, type Job } from '../../shared/build.ts';
import { type BuildEntry, type BuildFilter, entryOf } from '../../shared/build-entry.ts';
import { type AppEvent, buildIdOf, type CallInput, type CallOutput } from '../../shared/contract.ts';
import { LiveBuild } from '../../shared/live-build.ts';
import type { Platform } from '../../shared/platform.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { call } from '../api.ts';
import { Feed } from './feed.ts';
import { takeTypedSecrets } from './typed-secrets.ts';

/** The progress of packing a context. */
export interface ContextProgress {
  readonly files: number;
  readonly bytes: number;
  readonly tarBytes?: number | undefined;
  readonly done: boolean;
}

interface Builds {
  /** What lists show of the builds in {@link order}, and of older ones that were looked for. */
  readonly entries: Readonly<Record<string, BuildEntry>>;
  /** The ids of the newest builds, without a gap, newest first. The array changes only when builds are added or removed. */
  readonly order: readonly string[];
  /** Where the next page of builds begins. Undefined if the oldest build is in {@link order}. */
  readonly next: string | undefined;
  /** Whole builds: the running ones, and those that a view has opened. */
  readonly byId: Readonly<Record<string, Build>>;
  /** Why builds could not be opened. */
  readonly problems: Readonly<Record<string, Problem>>;
  /** By build id. Only what was reported since this window opened; the final figures are in `Build.context`. */
  readonly packing: Readonly<Record<string, ContextProgress>>;
  /** The known number of lines in a job's log, by build id and platform. The lines themselves are read with `builds.log`. */
  readonly lineCounts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly loaded: boolean;
}

export const useBuilds = create<Builds>(() => ({
  entries: {},
  order: [],
  next: undefined,
  byId: {},
  problems: {},
  packing: {},
  lineCounts: {},
  loaded: false,
}));

/** How many builds one page has. */
const pageSize = 200;

export function useBuild(id: string): Build | undefined {
  return useBuilds(({ byId }) => byId[id]);
}

export function useBuildEntry(id: string): BuildEntry | undefined {
  return useBuilds(({ entries }) => entries[id]);
}

/** A build that a view opens: the build, or why it cannot be opened; neither while it is being loaded. */
export function useOpenBuild(id: string | undefined): { readonly build?: Build; readonly problem?: Problem } {
  const build = useBuilds(({ byId }) => (id === undefined ? undefined : byId[id]));
  const problem = useBuilds(({ problems }) => (id === undefined ? undefined : problems[id]));
  const isLoaded = useBuilds(({ loaded }) => loaded);
  const isMissing = id !== undefined && !build && isLoaded;
  useEffect(() => {
    if (isMissing) {
      // the store has the problem
      loadBuild(id).catch(() => undefined);
    }
  }, [id, isMissing]);
  return { ...(build ? { build } : problem ? { problem } : {}) };
}

/** The ids of all running builds, newest first. The array changes only when a build starts or ends. */
export function useRunningIds(): readonly string[] {
  const joined = useBuilds(({ byId }) =>
    Object.values(byId)
      .filter(({ status }) => status === 'running')
      .sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1))
      .map(({ id }) => id)
      .join(' '),
  );
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
  return job.node === node && job.startedAt !== undefined && !isEnd(job.status) && job.status !== 'queued';
}

export const buildFeed = new Feed(applyBuildEvents, buildIdOf);

/** Loads the newest builds, and the running ones as a whole. @throws Failure */
export async function loadBuilds(signal?: AbortSignal): Promise<void> {
  await buildFeed.load('builds.list', { limit: pageSize }, putFirstPage, signal);
  const running = Object.values(useBuilds.getState().entries).filter(({ status }) => status === 'running');
  // a build that cannot be read meanwhile was deleted
  await Promise.all(running.map(({ id }) => loadBuild(id, signal).catch(() => undefined)));
  useBuilds.setState({ loaded: true });
}

function putFirstPage({ entries, next }: CallOutput<'builds.list'>): void {
  removedIds.clear();
  useBuilds.setState(({ byId }) => {
    const listed = new Map(entries.map((entry) => [entry.id, entry]));
    // a build that has ended or was changed since is opened again
    const kept = Object.entries(byId).filter(
      ([id, build]) => (listed.get(id)?.status ?? build.status) === build.status,
    );
    return {
      entries: Object.fromEntries(listed),
      order: entries.map(({ id }) => id),
      next,
      byId: Object.fromEntries(kept.filter(([, { status }]) => status !== 'running')),
      problems: {},
    };
  });
}

/** Loads the next page of builds, if there is one. @throws Failure */
export async function loadOlderBuilds(signal?: AbortSignal): Promise<void> {
  const { next: cursor } = useBuilds.getState();
  if (cursor === undefined) {
    return;
  }
  const page = await findBuilds({}, cursor, signal);
  useBuilds.setState((state) =>
    // another page may have been loaded meanwhile
    state.next === cursor ? { order: [...new Set([...state.order, ...page.ids])], next: page.next } : state,
  );
}

export interface FoundBuilds {
  /** Newest first. */
  readonly ids: readonly string[];
  /** The cursor of the next page. Undefined if there are no more. */
  readonly next: string | undefined;
}

/** Looks for builds that match a filter, from a cursor on, and puts their entries into the store. @throws Failure */
export async function findBuilds(filter: BuildFilter, cursor?: string, signal?: AbortSignal): Promise<FoundBuilds> {
  const input = { filter, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) };
  const { entries, next } = await call('builds.list', input, signal ? { signal } : {});
  useBuilds.setState((state) => {
    const added = entries.filter(({ id }) => !state.entries[id] && !removedIds.has(id));
    return { entries: { ...state.entries, ...Object.fromEntries(added.map((entry) => [entry.id, entry])) } };
  });
  return { ids: entries.flatMap(({ id }) => (removedIds.has(id) ? [] : [id])), next };
}

/** Builds that were removed since the first page was loaded: another page that was on its way may still have them. */
const removedIds = new Set<string>();

/** Loads a whole build. @throws Failure `build.unknown`, `build.newer`, `build.damaged` */
export async function loadBuild(id: string, signal?: AbortSignal): Promise<Build | undefined> {
  try {
    await buildFeed.load(
      'builds.get',
      { id },
      (build) => useBuilds.setState((state) => putBuild(state, build)),
      signal,
      id,
    );
  } catch (error) {
    if (!signal?.aborted) {
      useBuilds.setState(({ problems }) => ({ problems: { ...problems, [id]: problemOf(error) } }));
    }
    throw error;
  }
  return useBuilds.getState().byId[id];
}

/** Starts a build and resolves as soon as it is scheduled. @throws Failure */
export async function startBuild(request: CallInput<'builds.start'>): Promise<Build> {
  const build = await call('builds.start', { ...request, ...takeTypedSecrets(request.secrets) });
  // events about the build may arrive before this response does; they are newer
  useBuilds.setState((state) => (state.byId[build.id] ? state : putBuild(state, build)));
  return build;
}

/** Cancels a build, or one of its platforms. Resolves when it has ended. @throws Failure */
export async function cancelBuild(id: string, platform?: Platform): Promise<void> {
  await call('builds.cancel', { id, ...(platform ? { platform } : {}) });
}

/** Starts a build of the platforms that an incomplete build lacks, or of those that are named. @throws Failure */
export async function retryBuild(id: string, platforms?: readonly Platform[]): Promise<Build> {
  const build = await call('builds.retry', { id, ...(platforms ? { platforms: [...platforms] } : {}) });
  useBuilds.setState((state) => (state.byId[build.id] ? state : putBuild(state, build)));
  return build;
}

/** Goes on with an interrupted build. @throws Failure, `build.changed` if its project has changed */
export async function resumeBuild(id: string, acceptsChanges = false): Promise<Build> {
  return call('builds.resume', { id, ...(acceptsChanges ? { acceptsChanges } : {}) });
}

/** Stores the finished images of an incomplete build as a manifest list. @throws Failure */
export async function storeIncomplete(id: string): Promise<void> {
  await call('builds.storeIncomplete', { id });
}

/** Deletes an ended build with its logs. @throws Failure `build.running`, `build.unknown` */
export async function removeBuild(id: string): Promise<void> {
  await call('builds.remove', { id });
  useBuilds.setState((state) => withoutBuilds(state, [id]));
}

function withoutBuilds({ entries, byId, order }: Builds, ids: readonly string[]): Partial<Builds> {
  const removed = new Set(ids);
  for (const id of ids) {
    removedIds.add(id);
  }
  const isKept = ([id]: readonly [string, unknown]): boolean => !removed.has(id);
  return {
    entries: Object.fromEntries(Object.entries(entries).filter(isKept)),
    byId: Object.fromEntries(Object.entries(byId).filter(isKept)),
    order: order.filter((id) => !removed.has(id)),
  };
}

/** Applies any number of events in one update of the store. */
function applyBuildEvents(events: readonly AppEvent[]): void {
  useBuilds.setState((state) => {
    /** The builds that events have changed, by id. */
    const live = new Map<string, LiveBuild>();
    const next = events.reduce((previous, event) => applyBuildEvent(previous, event, live), state);
    const changed = [...live.values()].map(({ build }) => [build.id, build]);
    return changed.length === 0 ? next : { ...next, byId: { ...next.byId, ...Object.fromEntries(changed) } };
  });
}

function applyBuildEvent(state: Builds, event: AppEvent, live: Map<string, LiveBuild>): Builds {
  switch (event.event) {
    case 'build.started':
    case 'build.finished':
      live.delete(event.build.id);
      return putBuild(state, event.build);
    case 'builds.removed':
      return { ...state, ...withoutBuilds(state, event.ids) };
    case 'build.context': {
      const { buildId, files, bytes, tarBytes, done } = event;
      return { ...state, packing: { ...state.packing, [buildId]: { files, bytes, tarBytes, done } } };
    }
    case 'push.progress':
    case 'push.finished':
    case 'job.changed':
    case 'step.changed': {
      const build = state.byId[buildIdOf(event) ?? ''];
      // a job event can arrive after the event that ended its build; it is older and must not undo the end
      if (build?.status === 'running') {
        const liveBuild = live.get(build.id) ?? new LiveBuild(build);
        live.set(build.id, liveBuild);
        liveBuild.apply(event);
      }
      return state;
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

/** Puts a build into the store that has started, ended or was opened. */
function putBuild(state: Builds, build: Build): Builds {
  const { id, createdAt } = build;
  const { [id]: _, ...problems } = state.problems;
  const entries = { ...state.entries, [id]: entryOf(build) };
  const put = { ...state, problems, entries, byId: { ...state.byId, [id]: build } };
  if (state.order.includes(id)) {
    return put;
  }
  const position = state.order.findIndex((other) => (state.entries[other]?.createdAt ?? '') < createdAt);
  // an old build that was opened is not part of the loaded pages
  const isOlder = position < 0 && state.next !== undefined;
  return isOlder ? put : { ...put, order: state.order.toSpliced(position < 0 ? state.order.length : position, 0, id) };
}

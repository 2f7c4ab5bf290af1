import { create } from 'zustand';
import type { AppEvent } from '../../shared/contract.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { subscribe, subscribeLink } from '../api.ts';
import type { LinkState } from '../transport/transport.ts';
import { applyBuildEvents, loadBuilds } from './builds.ts';
import { applyCheckEvent, discardRunningChecks } from './checks.ts';
import { applyConnectionEvent, loadConnections } from './connections.ts';
import { applyFarmEvent, loadFarms } from './farms.ts';
import { loadImages } from './images.ts';
import { applyNodeEvent, loadNodes, probeUnknown } from './nodes.ts';
import { applyPushEvent, loadPushes } from './pushes.ts';
import { applyQuestionEvent, loadQuestions } from './questions.ts';
import { applySettingsEvent, loadSettings } from './settings.ts';
import { toastProblem } from './toasts.ts';

/** Keeps all stores in step with the app. */

interface SyncState {
  readonly link: LinkState;
  /** True once everything has been loaded. Until then, an empty store means "not loaded yet", not "none". */
  readonly ready: boolean;
  /** Why the last attempt to load failed. */
  readonly problem: Problem | undefined;
}

export const useSync = create<SyncState>(() => ({ link: 'connecting', ready: false, problem: undefined }));

/** How long events are collected before they are applied together, in milliseconds: one frame at 60 Hz. */
const batchMs = 16;

/**
 * Loads all stores whenever the link to the app opens, and applies the events of the app from then on. Events that arrive
 * during loading are applied after it.
 * @returns a function that stops it
 */
export function startSync(): () => void {
  let pending: AppEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isLoading = false;

  function flush(): void {
    timer = undefined;
    if (!isLoading) {
      const events = pending;
      pending = [];
      applyEvents(events);
    }
  }

  const stopEvents = subscribe((event) => {
    pending.push(event);
    timer ??= setTimeout(flush, batchMs);
  });
  const stopLink = subscribeLink((link) => {
    useSync.setState({ link });
    if (link === 'open') {
      isLoading = true;
      loadAll()
        .then(
          () => useSync.setState({ ready: true, problem: undefined }),
          (error: unknown) => useSync.setState({ problem: problemOf(error) }),
        )
        .finally(() => {
          isLoading = false;
          flush();
        });
    }
  });
  return () => {
    stopEvents();
    stopLink();
    clearTimeout(timer);
  };
}

/** @throws Failure */
export async function loadAll(): Promise<void> {
  discardRunningChecks();
  await Promise.all([
    loadSettings(),
    loadFarms(),
    // loadNodes probes the connections that have no status yet
    loadConnections().then(loadNodes),
    loadBuilds(),
    loadImages(),
    loadPushes(),
    loadQuestions(),
  ]);
}

function applyEvents(events: readonly AppEvent[]): void {
  applyBuildEvents(events);
  for (const event of events) {
    applyConnectionEvent(event);
    applyCheckEvent(event);
    applyFarmEvent(event);
    applyNodeEvent(event);
    applyPushEvent(event);
    applyQuestionEvent(event);
    applySettingsEvent(event);
  }
  if (events.some(({ event }) => event === 'farms.changed')) {
    probeUnknown();
  }
  if (events.some(({ event }) => event === 'build.finished')) {
    loadImages().catch(toastProblem);
  }
}

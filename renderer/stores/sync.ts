import { create } from 'zustand';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { subscribe, subscribeLink } from '../api.ts';
import type { LinkState } from '../transport/transport.ts';
import { loadTimers, loadWatches, timerFeed, watchFeed } from './automation.ts';
import { bakeFeed } from './bakes.ts';
import { buildFeed, loadBuilds } from './builds.ts';
import { checkFeed, discardRunningChecks } from './checks.ts';
import { connectionFeed, loadConnections, useConnections } from './connections.ts';
import { copyFeed, loadCopies } from './copies.ts';
import { farmFeed, loadFarms } from './farms.ts';
import { imageFeed, loadImages } from './images.ts';
import { loadMemory, sendRemembered } from './memory.ts';
import { loadNodes, nodeFeed, probeUnknown } from './nodes.ts';
import { loadOutputs, outputFeed } from './outputs.ts';
import { loadPushHistory, pushHistoryFeed } from './push-history.ts';
import { loadPushes, pushFeed } from './pushes.ts';
import { loadQuestions, questionFeed } from './questions.ts';
import { holdFeed, loadHolds, loadQueue, queueFeed } from './queue.ts';
import { loadSettings, settingsFeed } from './settings.ts';

/** Keeps all stores in step with the app. */

interface SyncState {
  readonly link: LinkState;
  /** True once everything that can be loaded is loaded. Until then, an empty store means "not loaded yet", not "none". */
  readonly ready: boolean;
  /** What could not be loaded the last time. */
  readonly problems: readonly Problem[];
}

export const useSync = create<SyncState>(() => ({ link: 'connecting', ready: false, problems: [] }));

/** How long events are collected before they are applied together, in milliseconds: one frame at 60 Hz. */
const batchMs = 16;

/** In the order in which they apply events: checks and nodes look up their connections. */
const feeds = [
  connectionFeed,
  farmFeed,
  checkFeed,
  nodeFeed,
  bakeFeed,
  buildFeed,
  imageFeed,
  pushFeed,
  copyFeed,
  outputFeed,
  pushHistoryFeed,
  questionFeed,
  queueFeed,
  holdFeed,
  settingsFeed,
  timerFeed,
  watchFeed,
];

/**
 * Loads all stores whenever the link to the app opens, and applies the events of the app from then on.
 * @returns a function that stops it
 */
export function startSync(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;

  function flush(): void {
    timer = undefined;
    for (const feed of feeds) {
      feed.flush();
    }
  }

  const stopEvents = subscribe((event, seq) => {
    for (const feed of feeds) {
      feed.add(event, seq);
    }
    timer ??= setTimeout(flush, batchMs);
  });
  const stopProbes = useConnections.subscribe((now, before) => {
    if (now.connections !== before.connections && !isLoadingAll) {
      probeUnknown();
    }
  });
  const stopLink = subscribeLink((link) => {
    useSync.setState({ link });
    if (link === 'open') {
      void loadAll();
    }
  });
  window.addEventListener('pagehide', sendRemembered);
  return () => {
    window.removeEventListener('pagehide', sendRemembered);
    sendRemembered();
    stopEvents();
    stopLink();
    stopProbes();
    clearTimeout(timer);
    load.abort();
  };
}

/** Aborts when the last load of all stores is superseded. */
let load = new AbortController();
let isLoadingAll = false;

/** Loads all stores again, in place of a load that is under way. What cannot be loaded does not keep the rest from it. */
export async function loadAll(): Promise<void> {
  load.abort();
  load = new AbortController();
  const { signal } = load;
  isLoadingAll = true;
  discardRunningChecks();
  for (const feed of feeds) {
    feed.reset();
  }
  const loads = [
    loadConnections,
    loadFarms,
    loadNodes,
    loadBuilds,
    loadImages,
    loadPushes,
    loadCopies,
    loadOutputs,
    loadPushHistory,
    loadQuestions,
    loadQueue,
    loadHolds,
    loadSettings,
    loadMemory,
    loadTimers,
    loadWatches,
  ];
  const results = await Promise.allSettled(loads.map((loadOne) => loadOne(signal)));
  if (signal.aborted) {
    return;
  }
  isLoadingAll = false;
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [problemOf(result.reason)] : []));
  const problems = [...new Map(failures.map((problem) => [problem.message, problem])).values()];
  useSync.setState(({ ready }) => ({ ready: ready || failures.length < loads.length, problems }));
  probeUnknown();
}

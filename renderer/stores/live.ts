import { create } from 'zustand';
import type { AppEvent } from '../../shared/contract.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { subscribe, subscribeLink } from '../api.ts';
import type { LinkState } from '../transport/transport.ts';
import { foldBuilds, loadBuilds } from './builds.ts';
import { foldChecks, forgetOpenChecks } from './checks.ts';
import { foldConnections, loadConnections } from './connections.ts';
import { foldFarms, loadFarms } from './farms.ts';
import { loadImages } from './images.ts';
import { foldNodes, loadNodes, probeUnknown } from './nodes.ts';
import { foldPushes, loadPushes } from './pushes.ts';
import { foldQuestions, loadQuestions } from './questions.ts';
import { foldSettings, loadSettings } from './settings.ts';
import { toastProblem } from './toasts.ts';

interface Live {
  readonly link: LinkState;
  /** Everything has been loaded once: views may tell "none" from "not known yet". */
  readonly ready: boolean;
  /** Why the last attempt to load everything failed. */
  readonly problem: Problem | undefined;
}

export const useLive = create<Live>(() => ({ link: 'connecting', ready: false, problem: undefined }));

/** How long events are gathered before they are shown together, in milliseconds: one frame of a screen. */
const frameMs = 16;

/**
 * Keeps the stores true: loads everything when the link to the app opens, also when it opens again, and folds in what the
 * app tells from then on. What is told while everything is loaded is folded in after it. Returns the way to stop.
 */
export function startLive(): () => void {
  let pending: AppEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let loading = false;

  function flush(): void {
    timer = undefined;
    if (!loading) {
      const events = pending;
      pending = [];
      foldAll(events);
    }
  }

  const stopEvents = subscribe((event) => {
    pending.push(event);
    timer ??= setTimeout(flush, frameMs);
  });
  const stopLink = subscribeLink((link) => {
    useLive.setState({ link });
    if (link === 'open') {
      loading = true;
      loadAll()
        .then(
          () => useLive.setState({ ready: true, problem: undefined }),
          (error: unknown) => useLive.setState({ problem: problemOf(error) }),
        )
        .finally(() => {
          loading = false;
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

/** Loads everything that the app knows. @throws Failure */
export async function loadAll(): Promise<void> {
  forgetOpenChecks();
  await Promise.all([
    loadSettings(),
    loadFarms(),
    // which nodes to ask is known from the connections
    loadConnections().then(loadNodes),
    loadBuilds(),
    loadImages(),
    loadPushes(),
    loadQuestions(),
  ]);
}

function foldAll(events: readonly AppEvent[]): void {
  foldBuilds(events);
  for (const event of events) {
    foldConnections(event);
    foldChecks(event);
    foldFarms(event);
    foldNodes(event);
    foldPushes(event);
    foldQuestions(event);
    foldSettings(event);
  }
  if (events.some(({ event }) => event === 'farms.changed')) {
    probeUnknown();
  }
  if (events.some(({ event }) => event === 'build.finished')) {
    loadImages().catch(toastProblem);
  }
}

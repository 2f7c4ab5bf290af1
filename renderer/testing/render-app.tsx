import { Tooltip } from '@base-ui/react/tooltip';
import { cleanup, configure, render } from '@testing-library/react';
import type { ReactNode } from 'react';
import type { StoreApi } from 'zustand';
import { setTransport } from '../api.ts';
import { useCommandStore } from '../commands.ts';
import { ContextMenuArea } from '../parts/ContextMenuArea.tsx';
import { useContextMenu } from '../parts/context-menu.ts';
import { useAutomation } from '../stores/automation.ts';
import { useBakes } from '../stores/bakes.ts';
import { useBuilds } from '../stores/builds.ts';
import { useChecks } from '../stores/checks.ts';
import { useConnectionImport } from '../stores/connection-import.ts';
import { useConnections } from '../stores/connections.ts';
import { useFarms } from '../stores/farms.ts';
import { useFreeDisk } from '../stores/free-disk.ts';
import { useImages } from '../stores/images.ts';
import { useMemory } from '../stores/memory.ts';
import { useNavigation } from '../stores/navigation.ts';
import { useNodes } from '../stores/nodes.ts';
import { useOutputs } from '../stores/outputs.ts';
import { usePushHistory } from '../stores/push-history.ts';
import { usePushes } from '../stores/pushes.ts';
import { useQuestions } from '../stores/questions.ts';
import { useReleases } from '../stores/releases.ts';
import { useSamples } from '../stores/samples.ts';
import { useSettings } from '../stores/settings.ts';
import { useStorageUse } from '../stores/storage-use.ts';
import { startSync, useSync } from '../stores/sync.ts';
import { useUndo } from '../stores/toasts.ts';
import type { LinkState } from '../transport/transport.ts';
import { createFixtureApp, type FixtureApp, type FixtureState, type Scene } from './fixture-app.ts';

// generous, as the other limits of tests: the code of a view is loaded when it is opened
configure({ asyncUtilTimeout: 20_000 });

/** Resets every store to its initial state. */
function resetStores(): void {
  reset(useAutomation);
  reset(useBakes);
  reset(useBuilds);
  reset(useChecks);
  reset(useCommandStore);
  reset(useConnections);
  reset(useContextMenu);
  reset(useConnectionImport);
  reset(useFarms);
  reset(useFreeDisk);
  reset(useImages);
  reset(useMemory);
  reset(useSync);
  reset(useNavigation);
  reset(useNodes);
  reset(usePushes);
  reset(usePushHistory);
  reset(useQuestions);
  reset(useReleases);
  reset(useSamples);
  reset(useSettings);
  reset(useOutputs);
  reset(useStorageUse);
  reset(useUndo);
}

function reset<T>(store: StoreApi<T>): void {
  store.setState(store.getInitialState(), true);
}

export interface TestApp extends FixtureApp {
  /** Changes the state of the link to the app. */
  link(state: LinkState): void;
  stop(): void;
}

/** Connects the stores to a fixture app, and resolves when everything has been loaded. */
export async function startTestApp(state: FixtureState = 'busy', scene?: Scene): Promise<TestApp> {
  const app = createFixtureApp(state, scene);
  const linkListeners = new Set<(state: LinkState) => void>();
  setTransport({
    call: (name, input) => app.call(name, input),
    onEvent: (listener) => app.subscribe(listener),
    onLink: (listener) => {
      linkListeners.add(listener);
      listener('open');
      return () => linkListeners.delete(listener);
    },
  });
  const loaded = new Promise<void>((resolve, reject) => {
    const stop = useSync.subscribe(({ ready, problems: [problem] }) => {
      if (ready || problem) {
        stop();
        problem ? reject(new Error(problem.message)) : resolve();
      }
    });
  });
  const stopSync = startSync();
  await loaded;
  return {
    ...app,
    link: (next) => {
      for (const listener of linkListeners) {
        listener(next);
      }
    },
    stop: () => {
      cleanup();
      stopSync();
      setTransport(undefined);
      resetStores();
      window.history.replaceState(null, '', '#');
    },
  };
}

/** Renders a view with a fixture app. The test must end with `app.stop()`. */
export async function renderWithApp(view: ReactNode, state: FixtureState = 'busy', scene?: Scene) {
  const app = await startTestApp(state, scene);
  const page = (
    <Tooltip.Provider>
      {view}
      <ContextMenuArea />
    </Tooltip.Provider>
  );
  return { app, ...render(page) };
}

/** Whether a control cannot be used. A button that says why keeps the focus, so it is not disabled as HTML means it. */
export function isDisabled(element: Element): boolean {
  return element.matches(':disabled') || element.getAttribute('aria-disabled') === 'true';
}

import { useCallback, useEffect, useState } from 'react';
import styles from './app.module.css';
import { ErrorBoundary } from './frame/ErrorBoundary.tsx';
import { useFrameCommands } from './frame/frame-commands.ts';
import { LogDrawer } from './frame/LogDrawer.tsx';
import { Palette } from './frame/Palette.tsx';
import { QuestionDialog } from './frame/QuestionDialog.tsx';
import { Sidebar } from './frame/Sidebar.tsx';
import { useMenu, useShortcuts } from './frame/shortcuts.ts';
import { useTheme } from './frame/theme.ts';
import { Button } from './parts/Button.tsx';
import { Presence } from './parts/Presence.tsx';
import { ProblemNote } from './parts/ProblemNote.tsx';
import { Spinner, Waiting } from './parts/Spinner.tsx';
import { ToastArea } from './parts/ToastArea.tsx';
import { useFarms } from './stores/farms.ts';
import { useLive } from './stores/live.ts';
import {
  closeSheet,
  formatHash,
  type Place,
  type Sheet as SheetPlace,
  startNavigation,
  useNavigation,
  type View as ViewPlace,
} from './stores/navigation.ts';
import { useSettings } from './stores/settings.ts';
import { BuildView } from './views/build-detail/BuildView.tsx';
import { BuildsView } from './views/builds/BuildsView.tsx';
import { ConnectionsView } from './views/connections/ConnectionsView.tsx';
import { FarmView } from './views/farm/FarmView.tsx';
import { FirstStart } from './views/first-start/FirstStart.tsx';
import { ImagesView } from './views/images/ImagesView.tsx';
import { LogPanel } from './views/log/LogPanel.tsx';
import { NewBuild } from './views/new-build/NewBuild.tsx';
import { PushSheet } from './views/push/PushSheet.tsx';
import { SettingsView } from './views/settings/SettingsView.tsx';

export function App() {
  const { ready, problem, link } = useLive();
  const place = useNavigation((state) => state.place);
  useTheme();
  useTitleBar();
  useEffect(() => (ready ? startNavigation(firstView) : undefined), [ready]);

  return (
    <div className={styles.app}>
      {link === 'lost' && (
        <div role="status" className={styles.lost}>
          <Spinner />
          The connection to Barnraiser is lost. Reconnecting…
        </div>
      )}
      {place ? <Frame place={place} /> : <Start problem={problem} />}
      <ToastArea />
    </div>
  );
}

/** Where a person begins: with nothing, at the question what can build; else at the farm that builds by default. */
function firstView(): ViewPlace {
  const { farms, default: standard } = useFarms.getState();
  const name = standard ?? farms[0]?.name;
  return name === undefined ? { view: 'first-start' } : { view: 'farm', name };
}

/** Lets the style know whether the system's window buttons stand over the page. */
function useTitleBar(): void {
  const info = useSettings((state) => state.info);
  const isInset = info?.frontEnd === 'desktop' && /mac|darwin/i.test(info.system);
  useEffect(() => {
    document.documentElement.dataset.titleBar = isInset ? 'inset' : 'system';
  }, [isInset]);
}

function Start({ problem }: Pick<ReturnType<typeof useLive.getState>, 'problem'>) {
  return (
    <main className={styles.start}>
      <div>
        {problem ? (
          <ProblemNote
            problem={problem}
            actions={<Button onClick={() => window.location.reload()}>Try again</Button>}
          />
        ) : (
          <Waiting>Asking Barnraiser what there is</Waiting>
        )}
      </div>
    </main>
  );
}

function Frame({ place }: { place: Place }) {
  const [paletteOpen, setPaletteOpen] = useState(false);
  const openPalette = useCallback(() => setPaletteOpen(true), []);
  useShortcuts();
  useMenu();
  useFrameCommands(openPalette);

  const { view, sheet, log } = place;
  if (view.view === 'log') {
    return (
      <main className={styles.main}>
        <LogPanel id={view.id} platform={view.platform} ownWindow onClose={() => window.close()} />
      </main>
    );
  }
  return (
    <>
      <div className={styles.frame}>
        <Sidebar onSearch={openPalette} />
        <div className={styles.main}>
          <main className={styles.view}>
            <ErrorBoundary key={placeKey(view)}>
              <View view={view} />
            </ErrorBoundary>
          </main>
          {log && <LogDrawer log={log} />}
        </div>
      </div>
      <Presence>{sheet && <SheetOf sheet={sheet} />}</Presence>
      <Palette open={paletteOpen} onClose={() => setPaletteOpen(false)} />
      <QuestionDialog />
    </>
  );
}

/** What stays when it changes: a list that chooses another entry is still the same list. */
function placeKey(view: ViewPlace): string {
  return view.view === 'farm' || view.view === 'build' ? formatHash({ view }) : view.view;
}

function View({ view }: { view: Exclude<ViewPlace, { view: 'log' }> }) {
  switch (view.view) {
    case 'first-start':
      return <FirstStart />;
    case 'farm':
      return <FarmView key={view.name} name={view.name} />;
    case 'builds':
      return <BuildsView project={view.project} />;
    case 'build':
      return <BuildView key={view.id} id={view.id} />;
    case 'images':
      return <ImagesView reference={view.reference} />;
    case 'connections':
      return <ConnectionsView name={view.name} adding={view.adding} />;
    case 'settings':
      return <SettingsView />;
  }
}

function SheetOf({ sheet }: { sheet: SheetPlace }) {
  switch (sheet.sheet) {
    case 'new-build': {
      const { sheet: _, ...fields } = sheet;
      return <NewBuild {...fields} onClose={closeSheet} />;
    }
    case 'push': {
      const { sheet: _, ...fields } = sheet;
      return <PushSheet {...fields} onClose={closeSheet} />;
    }
  }
}

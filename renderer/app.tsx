/** The page: chooses the view of the current route and draws the frame around it. */

import { useCallback, useEffect, useState } from 'react';
import type { Problem } from '../shared/problem.ts';
import styles from './app.module.css';
import { ErrorBoundary } from './frame/ErrorBoundary.tsx';
import { useFrameCommands } from './frame/frame-commands.ts';
import { keepFocus } from './frame/keep-focus.ts';
// not loaded when it opens: what a person types at once would be lost
import { NodeAnnouncements } from './frame/NodeAnnouncements.tsx';
import { Palette } from './frame/Palette.tsx';
import { ShortcutsDialog } from './frame/ShortcutsDialog.tsx';
import { Sidebar } from './frame/Sidebar.tsx';
import { useSidebarFold } from './frame/sidebar-fold.ts';
import { useTheme } from './frame/theme.ts';
import { useWindowTitle } from './frame/window-title.ts';
import { Button } from './parts/Button.tsx';
import { type LazyCode, lazyPart, useLastLoaded, useLoaded } from './parts/lazy-part.tsx';
import { Presence } from './parts/Presence.tsx';
import { ProblemNote } from './parts/ProblemNote.tsx';
import { Spinner, Waiting } from './parts/Spinner.tsx';
import { ToastArea } from './parts/ToastArea.tsx';
import { useMenuCommands, useShortcuts } from './shortcuts.ts';
import { useOpenBuild } from './stores/builds.ts';
import { explainProblem, useExplainedProblem } from './stores/explained-problem.ts';
import { useFarms } from './stores/farms.ts';
import { useFreeDisk } from './stores/free-disk.ts';
import {
  closeSheet,
  formatHash,
  parseHash,
  type Route,
  recallView,
  rememberView,
  type Sheet as SheetRoute,
  startNavigation,
  useNavigation,
  type View as ViewRoute,
} from './stores/navigation.ts';
import { startNotifications } from './stores/notifications.ts';
import { useQuestions } from './stores/questions.ts';
import { startReleaseNotices } from './stores/releases.ts';
import { useSettings } from './stores/settings.ts';
import { loadAll, useSync } from './stores/sync.ts';
import { useInterruptedBuilds, useWatchBuilds } from './stores/watched-builds.ts';
import { noAccess } from './transport/page-access.ts';

const BakeSheet = lazyPart(async () => (await import('./views/bake/BakeSheet.tsx')).BakeSheet);
const PackageSheet = lazyPart(async () => (await import('./views/package/PackageSheet.tsx')).PackageSheet);
const BakeView = lazyPart(async () => (await import('./views/bake/BakeView.tsx')).BakeView);
const AboutDialog = lazyPart(async () => (await import('./frame/AboutDialog.tsx')).AboutDialog);
const BuildView = lazyPart(async () => (await import('./views/build-detail/BuildView.tsx')).BuildView);
const BuildsView = lazyPart(async () => (await import('./views/builds/BuildsView.tsx')).BuildsView);
const CompareView = lazyPart(async () => (await import('./views/compare/CompareView.tsx')).CompareView);
const ConnectionsView = lazyPart(async () => (await import('./views/connections/ConnectionsView.tsx')).ConnectionsView);
const CopySheet = lazyPart(async () => (await import('./views/copy/CopySheet.tsx')).CopySheet);
const FarmView = lazyPart(async () => (await import('./views/farm/FarmView.tsx')).FarmView);
const FirstStart = lazyPart(async () => (await import('./views/first-start/FirstStart.tsx')).FirstStart);
const FreeDiskDialog = lazyPart(async () => (await import('./views/storage/FreeDiskDialog.tsx')).FreeDiskDialog);
const ImageView = lazyPart(async () => (await import('./views/image/ImageView.tsx')).ImageView);
const ImagesView = lazyPart(async () => (await import('./views/images/ImagesView.tsx')).ImagesView);
const ListSheet = lazyPart(async () => (await import('./views/list/ListSheet.tsx')).ListSheet);
const LogDrawer = lazyPart(async () => (await import('./frame/LogDrawer.tsx')).LogDrawer);
const LogPanel = lazyPart(async () => (await import('./views/log/LogPanel.tsx')).LogPanel);
const NewBuild = lazyPart(async () => (await import('./views/new-build/NewBuild.tsx')).NewBuild);
const ProblemDialog = lazyPart(async () => (await import('./parts/ProblemDialog.tsx')).ProblemDialog);
const PushSheet = lazyPart(async () => (await import('./views/push/PushSheet.tsx')).PushSheet);
const QuestionDialog = lazyPart(async () => (await import('./frame/QuestionDialog.tsx')).QuestionDialog);
const QueueView = lazyPart(async () => (await import('./views/queue/QueueView.tsx')).QueueView);
const RegistriesView = lazyPart(async () => (await import('./views/registries/RegistriesView.tsx')).RegistriesView);
const SamplesSheet = lazyPart(async () => (await import('./views/samples/SamplesSheet.tsx')).SamplesSheet);
const SchedulesView = lazyPart(async () => (await import('./views/schedules/SchedulesView.tsx')).SchedulesView);
const SettingsView = lazyPart(async () => (await import('./views/settings/SettingsView.tsx')).SettingsView);
const StatisticsView = lazyPart(async () => (await import('./views/statistics/StatisticsView.tsx')).StatisticsView);
const StorageSheet = lazyPart(async () => (await import('./views/storage/StorageSheet.tsx')).StorageSheet);

/** The code of each view. */
const codeOf = {
  'first-start': FirstStart,
  farm: FarmView,
  builds: BuildsView,
  build: BuildView,
  bake: BakeView,
  image: ImageView,
  images: ImagesView,
  compare: CompareView,
  connections: ConnectionsView,
  queue: QueueView,
  registries: RegistriesView,
  schedules: SchedulesView,
  settings: SettingsView,
  statistics: StatisticsView,
  log: LogPanel,
} as const satisfies Readonly<Record<ViewRoute['view'], LazyCode>>;

/** The code of each sheet. */
const sheetCodeOf = {
  'new-build': NewBuild,
  bake: BakeSheet,
  package: PackageSheet,
  push: PushSheet,
  copy: CopySheet,
  list: ListSheet,
  samples: SamplesSheet,
  storage: StorageSheet,
} as const satisfies Readonly<Record<SheetRoute['sheet'], LazyCode>>;

/** Loads the code of a build while the builds are shown, so that the one that is chosen opens at once. */
function useNextView(shown: ViewRoute['view']): void {
  useEffect(() => {
    if (shown !== 'builds') {
      return undefined;
    }
    // after the list is there
    const timer = setTimeout(() => BuildView.load().catch(() => undefined));
    return () => clearTimeout(timer);
  }, [shown]);
}

/** Loads the code of the view that is probably shown first, while the app is still asked for its state. */
export function loadFirstView(): void {
  // where there is no farm, the server of the page has said so in it
  const first = document.documentElement.dataset.view === 'first-start' ? 'first-start' : 'farm';
  // a view that cannot be loaded says so when it is shown
  codeOf[parseHash(window.location.hash)?.view.view ?? first].load().catch(() => undefined);
}

/** The page: a sidebar, a view, and whatever lies over the view (log drawer, sheet, palette, dialogs, toasts). */
export function App() {
  const { ready, problems, link } = useSync();
  const route = useNavigation((state) => state.route);
  useTheme();
  useTitleBar();
  useEffect(keepFocus, []);
  useEffect(() => (ready ? startNavigation(chooseFirstView) : undefined), [ready]);

  return (
    <div className={styles.app}>
      {link === 'lost' && (
        <div role="status" className={styles.lost}>
          <Spinner />
          Connection to Barnraiser lost. Reconnecting…
        </div>
      )}
      {link === 'denied' && route && (
        <div role="status" className={styles.lost}>
          {`${noAccess.message} ${noAccess.fix}`}
        </div>
      )}
      {ready && problems.length > 0 && (
        <div className={styles.problems}>
          {problems.map((problem) => (
            <ProblemNote key={problem.message} problem={problem} actions={<Button onClick={loadAll}>Retry</Button>} />
          ))}
        </div>
      )}
      {route ? <Frame route={route} /> : <StartScreen problem={link === 'denied' ? noAccess : problems[0]} />}
      <ToastArea />
    </div>
  );
}

/** @returns the last view of the window, if it still exists; the default farm; the first start if there is no farm yet */
function chooseFirstView(): ViewRoute {
  const { farms, default: defaultFarm } = useFarms.getState();
  const last = recallView();
  if (farms.length > 0 && last && (last.view !== 'farm' || farms.some(({ name }) => name === last.name))) {
    return last;
  }
  const name = defaultFarm ?? farms[0]?.name;
  return name === undefined ? { view: 'first-start' } : { view: 'farm', name };
}

/** Tells the style sheets whether the window buttons of macOS lie over the page. */
function useTitleBar(): void {
  const info = useSettings((state) => state.info);
  const isInset = info?.frontEnd === 'desktop' && /mac|darwin/i.test(info.system);
  useEffect(() => {
    document.documentElement.dataset.titleBar = isInset ? 'inset' : 'system';
  }, [isInset]);
}

function StartScreen({ problem }: { problem: Problem | undefined }) {
  return (
    <main className={styles.start}>
      <div>
        {problem ? (
          <ProblemNote problem={problem} actions={<Button onClick={() => window.location.reload()}>Retry</Button>} />
        ) : (
          <Waiting>Loading</Waiting>
        )}
      </div>
    </main>
  );
}

function Frame({ route: { view, sheet, log } }: { route: Route }) {
  useShortcuts();
  useMenuCommands();
  return view.view === 'log' ? (
    <main className={styles.main}>
      <LogPanel id={view.id} platform={view.platform} line={view.line} isOwnWindow onClose={() => window.close()} />
    </main>
  ) : (
    <MainWindow view={view} sheet={sheet} log={log} />
  );
}

type MainWindowProps = Pick<Route, 'sheet' | 'log'> & { readonly view: Exclude<ViewRoute, { view: 'log' }> };

function MainWindow({ view, sheet, log }: MainWindowProps) {
  const [isPaletteOpen, setIsPaletteOpen] = useState(false);
  const [isAboutOpen, setIsAboutOpen] = useState(false);
  const [areShortcutsOpen, setAreShortcutsOpen] = useState(false);
  const { isFolded, toggle: toggleSidebar } = useSidebarFold();
  const openPalette = useCallback(() => setIsPaletteOpen(true), []);
  const openShortcuts = useCallback(() => setAreShortcutsOpen(true), []);
  const openAbout = useCallback(() => setIsAboutOpen(true), []);
  const isAboutLoaded = useLoaded(AboutDialog, isAboutOpen);
  const shownView = useLastLoaded(view, codeOfView);
  useNextView(shownView.view);
  const isSheetLoaded = useLoaded(sheetCodeOf[sheet?.sheet ?? 'new-build'], sheet !== undefined);
  const isLogLoaded = useLoaded(LogDrawer, log !== undefined);
  const isQuestionLoaded = useLoaded(
    QuestionDialog,
    useQuestions(({ open }) => open.length > 0),
  );
  const freeDiskNodes = useFreeDisk(({ nodes }) => nodes);
  const isFreeDiskLoaded = useLoaded(FreeDiskDialog, freeDiskNodes !== undefined);
  const explained = useExplainedProblem(({ code }) => code);
  const isProblemLoaded = useLoaded(ProblemDialog, explained !== undefined);
  useFrameCommands({ openPalette, openShortcuts, openAbout, toggleSidebar });
  useWatchBuilds();
  useInterruptedBuilds();
  useWindowTitle();
  useEffect(startNotifications, []);
  useEffect(startReleaseNotices, []);
  useEffect(() => rememberView(view), [view]);

  return (
    <>
      <div className={styles.frame}>
        <Sidebar isFolded={isFolded} onFold={toggleSidebar} onSearch={openPalette} />
        <div className={styles.main}>
          <main className={styles.view}>
            <ErrorBoundary key={viewKey(shownView)}>
              <ViewContent view={shownView} />
            </ErrorBoundary>
          </main>
          {log && isLogLoaded && <LogDrawer log={log} />}
        </div>
      </div>
      <NodeAnnouncements />
      <Presence>{sheet && isSheetLoaded && <SheetContent sheet={sheet} />}</Presence>
      <Palette open={isPaletteOpen} onClose={() => setIsPaletteOpen(false)} />
      {isAboutLoaded && <AboutDialog open={isAboutOpen} onClose={() => setIsAboutOpen(false)} />}
      <ShortcutsDialog open={areShortcutsOpen} onClose={() => setAreShortcutsOpen(false)} />
      <Presence>{freeDiskNodes && isFreeDiskLoaded && <FreeDiskDialog nodes={freeDiskNodes} />}</Presence>
      <Presence>
        {explained && isProblemLoaded && <ProblemDialog code={explained} onClose={() => explainProblem(undefined)} />}
      </Presence>
      {isQuestionLoaded && <QuestionDialog />}
    </>
  );
}

function codeOfView({ view }: ViewRoute): LazyCode {
  return codeOf[view];
}

/** A view is mounted again when its key changes. Choosing another entry of a list keeps the list mounted. */
function viewKey(view: ViewRoute): string {
  return view.view === 'farm' || view.view === 'build' ? formatHash({ view }) : view.view;
}

function ViewContent({ view }: { view: Exclude<ViewRoute, { view: 'log' }> }) {
  switch (view.view) {
    case 'first-start':
      return <FirstStart project={view.project} />;
    case 'farm':
      return <FarmView key={view.name} name={view.name} />;
    case 'builds':
      return <BuildsView project={view.project} />;
    case 'build':
      return <BuildView key={view.id} id={view.id} />;
    case 'bake':
      return <BakeView key={view.id} id={view.id} />;
    case 'image':
      return (
        <ImageView key={view.reference} reference={view.reference} section={view.section} platform={view.platform} />
      );
    case 'compare':
      return <CompareView a={view.a} b={view.b} />;
    case 'images':
      return <ImagesView reference={view.reference} load={view.load} />;
    case 'connections':
      return <ConnectionsView name={view.name} adding={view.adding} />;
    case 'queue':
      return <QueueView farm={view.farm} />;
    case 'registries':
      return <RegistriesView name={view.name} signIn={view.signIn} />;
    case 'schedules':
      return <SchedulesView />;
    case 'settings':
      return <SettingsView />;
    case 'statistics':
      return <StatisticsView farm={view.farm} />;
  }
}

/** The build whose settings are proposed may have to be loaded first: after a click on a notification, for example. */
function NewBuildFrom(fields: Omit<Extract<SheetRoute, { sheet: 'new-build' }>, 'sheet'>) {
  const { build, problem } = useOpenBuild(fields.from);
  return fields.from === undefined || build || problem ? <NewBuild {...fields} onClose={closeSheet} /> : null;
}

function SheetContent({ sheet }: { sheet: SheetRoute }) {
  switch (sheet.sheet) {
    case 'new-build': {
      const { sheet: _, ...fields } = sheet;
      return <NewBuildFrom {...fields} />;
    }
    case 'bake':
      return <BakeSheet key={sheet.folder} folder={sheet.folder} onClose={closeSheet} />;
    case 'package':
      return <PackageSheet key={sheet.folder} folder={sheet.folder} force={sheet.force} onClose={closeSheet} />;
    case 'copy':
      return <CopySheet source={sheet.source} to={sheet.to} onClose={closeSheet} />;
    case 'list':
      return <ListSheet key={sheet.image} image={sheet.image} onClose={closeSheet} />;
    case 'push': {
      const { sheet: _, ...fields } = sheet;
      return <PushSheet {...fields} onClose={closeSheet} />;
    }
    case 'samples':
      return <SamplesSheet onClose={closeSheet} />;
    case 'storage':
      return <StorageSheet farm={sheet.farm} node={sheet.node} onClose={closeSheet} />;
  }
}

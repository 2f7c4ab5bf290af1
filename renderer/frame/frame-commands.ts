import { useMemo } from 'react';
import { formatPlatform } from '../../shared/format.ts';
import { wordOf } from '../../shared/words.ts';
import { type Command, useCommands } from '../commands.ts';
import { shortcuts } from '../parts/shortcut-table.ts';
import { useBuilds } from '../stores/builds.ts';
import { exportConnections } from '../stores/connection-export.ts';
import { chooseImportFile, openAddConnections } from '../stores/connection-import.ts';
import { probeAllNodes } from '../stores/farm-actions.ts';
import { useFarms } from '../stores/farms.ts';
import { goBack, goForward, navigate, openLog, openSheet, useNavigation } from '../stores/navigation.ts';
import { updateSettings } from '../stores/settings.ts';
import { toastProblem, useUndo } from '../stores/toasts.ts';

export interface FrameActions {
  readonly openPalette: () => void;
  readonly openShortcuts: () => void;
  readonly openAbout: () => void;
  readonly toggleSidebar: () => void;
}

/** Registers the commands that are available in every view. Views add their own with `useCommands`. */
export function useFrameCommands({ openPalette, openShortcuts, openAbout, toggleSidebar }: FrameActions): void {
  const farms = useFarms((state) => state.farms);
  const defaultFarm = useFarms((state) => state.default);
  const view = useNavigation((state) => state.route?.view);
  const buildId = view?.view === 'build' ? view.id : undefined;
  // a string, so that the commands are not registered again with each change of a running job
  const jobs = useBuilds(({ byId }) =>
    buildId === undefined ? '' : (byId[buildId]?.jobs ?? []).map(({ platform }) => platform).join(' '),
  );
  const farmInView = view?.view === 'farm' ? view.name : (defaultFarm ?? farms[0]?.name);

  const staticCommands = useMemo<Command[]>(
    () => [
      {
        id: 'palette',
        label: 'Search and run commands',
        group: 'app',
        icon: 'search',
        shortcut: shortcuts.palette.keys,
        run: openPalette,
      },
      {
        id: 'shortcuts',
        label: 'Show shortcuts',
        group: 'app',
        icon: 'info',
        keywords: ['help', 'keyboard', 'keys', 'hotkeys'],
        shortcut: shortcuts.help.keys,
        run: openShortcuts,
      },
      {
        id: 'about',
        label: 'About Barnraiser',
        group: 'app',
        icon: 'info',
        keywords: ['version', 'commit', 'release', 'update'],
        run: openAbout,
      },
      {
        id: 'sidebar',
        label: 'Fold or unfold the sidebar',
        group: 'app',
        icon: 'sidebar',
        keywords: ['collapse', 'hide', 'show', 'expand'],
        shortcut: shortcuts.sidebar.keys,
        run: toggleSidebar,
      },
      { id: 'go:builds', label: 'Builds', group: 'go', icon: 'builds', run: () => navigate({ view: 'builds' }) },
      {
        id: 'go:queue',
        label: 'Queue',
        group: 'go',
        icon: 'queue',
        keywords: ['jobs', 'waiting', 'slots', 'pause'],
        run: () => navigate({ view: 'queue' }),
      },
      {
        id: 'go:schedules',
        label: 'Schedules',
        group: 'go',
        icon: 'clock',
        keywords: ['cron', 'nightly', 'watch', 'timer'],
        run: () => navigate({ view: 'schedules' }),
      },
      { id: 'go:images', label: 'Images', group: 'go', icon: 'images', run: () => navigate({ view: 'images' }) },
      {
        id: 'go:connections',
        label: 'Connections',
        group: 'go',
        icon: 'connections',
        keywords: ['nodes'],
        run: () => navigate({ view: 'connections' }),
      },
      {
        id: 'go:registries',
        label: 'Registries',
        group: 'go',
        icon: 'registry',
        keywords: ['login', 'sign in', 'docker hub', 'mirror', 'certificate'],
        run: () => navigate({ view: 'registries' }),
      },
      {
        id: 'go:settings',
        label: 'Settings',
        group: 'go',
        icon: 'settings',
        keywords: ['preferences', 'options'],
        shortcut: shortcuts.settings.keys,
        run: () => navigate({ view: 'settings' }),
      },
      {
        id: 'go:first-start',
        label: 'New farm…',
        group: 'go',
        icon: 'farm',
        keywords: ['create', 'add'],
        run: () => navigate({ view: 'first-start' }),
      },
      {
        id: 'go:back',
        label: 'Back',
        group: 'go',
        icon: 'chevron-left',
        shortcut: shortcuts.back.keys,
        run: goBack,
      },
      {
        id: 'go:forward',
        label: 'Forward',
        group: 'go',
        icon: 'chevron-right',
        shortcut: shortcuts.forward.keys,
        run: goForward,
      },
      {
        id: 'connection:add',
        label: 'Add connection…',
        group: 'connections',
        icon: 'plus',
        keywords: ['node', 'new'],
        run: () => openAddConnections('address'),
      },
      {
        id: 'connection:import',
        label: 'Import connections…',
        group: 'connections',
        icon: 'search',
        keywords: ['found', 'podman', 'docker', 'ssh config'],
        run: () => openAddConnections('discovered'),
      },
      {
        id: 'connection:import-file',
        label: 'Import connections from a file…',
        group: 'connections',
        icon: 'file',
        run: chooseImportFile,
      },
      {
        id: 'connection:export',
        label: 'Export connections…',
        group: 'connections',
        icon: 'download',
        run: exportConnections,
      },
      {
        id: 'connection:probe',
        label: 'Check all nodes',
        group: 'connections',
        icon: 'refresh',
        keywords: ['probe', 'status', 'refresh', 'test'],
        run: probeAllNodes,
      },
      {
        id: 'samples',
        label: 'Try a sample…',
        group: 'build',
        icon: 'package',
        keywords: ['example', 'demo', 'project'],
        run: () => openSheet({ sheet: 'samples' }),
      },
      {
        id: 'guide',
        label: 'Open the guide',
        group: 'app',
        icon: 'info',
        keywords: ['help', 'documentation', 'manual', 'docs'],
        run: () => window.open('docs/guide/index.html', 'guide'),
      },
      ...(['system', 'light', 'dark'] as const).map(
        (theme): Command => ({
          id: `theme:${theme}`,
          label: `Theme: ${wordOf(theme)}`,
          group: 'app',
          icon: 'settings',
          keywords: ['appearance', 'color', 'colour', 'mode'],
          run: () => void updateSettings({ theme }).catch(toastProblem),
        }),
      ),
    ],
    [openPalette, openShortcuts, openAbout, toggleSidebar],
  );
  useCommands(() => staticCommands, [staticCommands]);

  useCommands(() => {
    return [
      {
        id: 'build:new',
        label: 'New build…',
        group: 'build',
        icon: 'plus',
        shortcut: shortcuts.newBuild.keys,
        run: () => openSheet({ sheet: 'new-build', ...(farmInView === undefined ? {} : { farm: farmInView }) }),
      },
    ];
  }, [farmInView]);

  const lastStep = useUndo(({ steps }) => steps.at(-1));
  useCommands(
    () =>
      lastStep
        ? [
            {
              id: 'undo',
              label: `Undo: ${lastStep.title}`,
              group: 'app',
              icon: 'refresh',
              shortcut: shortcuts.undo.keys,
              run: lastStep.run,
            },
          ]
        : [],
    [lastStep],
  );

  useCommands(() => {
    const build = buildId === undefined ? undefined : useBuilds.getState().byId[buildId];
    return jobs === '' || !build
      ? []
      : build.jobs.map(({ platform }) => ({
          id: `log:${platform}`,
          label: `Show log of ${formatPlatform(platform)}`,
          group: 'view',
          icon: 'log',
          run: () => openLog({ id: build.id, platform }),
        }));
  }, [buildId, jobs]);
}

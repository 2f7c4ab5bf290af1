import { useMemo } from 'react';
import { formatPlatform } from '../../shared/format.ts';
import { type Command, useCommands } from '../commands.ts';
import { useBuilds } from '../stores/builds.ts';
import { exportConnections } from '../stores/connection-export.ts';
import { chooseImportFile, openAddConnections } from '../stores/connection-import.ts';
import { useConnections } from '../stores/connections.ts';
import { probeAllNodes } from '../stores/farm-actions.ts';
import { useFarms } from '../stores/farms.ts';
import { useImages } from '../stores/images.ts';
import { goBack, goForward, navigate, openLog, openSheet, useNavigation } from '../stores/navigation.ts';
import { updateSettings } from '../stores/settings.ts';
import { toastProblem } from '../stores/toasts.ts';

/** How many images, connections or builds the palette lists. The others are in their views. */
const maxPerKind = 40;

/** Registers the commands that are available in every view. Views add their own with `useCommands`. */
export function useFrameCommands(openPalette: () => void): void {
  const farms = useFarms((state) => state.farms);
  const defaultFarm = useFarms((state) => state.default);
  const connections = useConnections((state) => state.connections);
  const lists = useImages((state) => state.lists);
  const view = useNavigation((state) => state.route?.view);
  const buildId = view?.view === 'build' ? view.id : undefined;
  const order = useBuilds((state) => state.order);
  // a string, so that the commands are not registered again with each change of a running job
  const jobs = useBuilds(({ byId }) =>
    buildId === undefined ? '' : (byId[buildId]?.jobs ?? []).map(({ platform }) => platform).join(' '),
  );
  const farmInView = view?.view === 'farm' ? view.name : defaultFarm;

  const staticCommands = useMemo<Command[]>(
    () => [
      {
        id: 'palette',
        label: 'Search and run commands',
        group: 'App',
        icon: 'search',
        shortcut: 'Mod+K',
        run: openPalette,
      },
      { id: 'go:builds', label: 'Builds', group: 'Go to', icon: 'builds', run: () => navigate({ view: 'builds' }) },
      { id: 'go:images', label: 'Images', group: 'Go to', icon: 'images', run: () => navigate({ view: 'images' }) },
      {
        id: 'go:connections',
        label: 'Connections',
        group: 'Go to',
        icon: 'connections',
        run: () => navigate({ view: 'connections' }),
      },
      {
        id: 'go:settings',
        label: 'Settings',
        group: 'Go to',
        icon: 'settings',
        shortcut: 'Mod+,',
        run: () => navigate({ view: 'settings' }),
      },
      { id: 'go:back', label: 'Back', group: 'Go to', icon: 'chevron-left', shortcut: 'Alt+ArrowLeft', run: goBack },
      {
        id: 'go:forward',
        label: 'Forward',
        group: 'Go to',
        icon: 'chevron-right',
        shortcut: 'Alt+ArrowRight',
        run: goForward,
      },
      {
        id: 'connection:add',
        label: 'Add connection…',
        group: 'Connections',
        icon: 'plus',
        run: () => openAddConnections('address'),
      },
      {
        id: 'connection:import',
        label: 'Import connections…',
        group: 'Connections',
        icon: 'search',
        keywords: ['found', 'podman', 'docker', 'ssh config'],
        run: () => openAddConnections('discovered'),
      },
      {
        id: 'connection:import-file',
        label: 'Import connections from a file…',
        group: 'Connections',
        icon: 'file',
        run: chooseImportFile,
      },
      {
        id: 'connection:export',
        label: 'Export connections…',
        group: 'Connections',
        icon: 'download',
        run: exportConnections,
      },
      {
        id: 'connection:probe',
        label: 'Check all nodes',
        group: 'Connections',
        icon: 'refresh',
        keywords: ['probe', 'status', 'refresh'],
        run: probeAllNodes,
      },
      ...(['system', 'light', 'dark'] as const).map(
        (theme): Command => ({
          id: `theme:${theme}`,
          label: `Theme: ${theme}`,
          group: 'App',
          icon: 'settings',
          keywords: ['appearance', 'colour'],
          run: () => void updateSettings({ theme }).catch(toastProblem),
        }),
      ),
    ],
    [openPalette],
  );
  useCommands(() => staticCommands, [staticCommands]);

  useCommands(
    () => [
      {
        id: 'build:new',
        label: 'New build…',
        group: 'Build',
        icon: 'plus',
        shortcut: 'Mod+N',
        run: () => openSheet({ sheet: 'new-build', ...(farmInView ? { farm: farmInView } : {}) }),
      },
      ...farms.flatMap(({ name }): Command[] => [
        {
          id: `build:on:${name}`,
          label: `New build on ${name}…`,
          group: 'Build',
          icon: 'plus',
          run: () => openSheet({ sheet: 'new-build', farm: name }),
        },
        {
          id: `go:farm:${name}`,
          label: `Farm ${name}`,
          group: 'Go to',
          icon: 'farm',
          run: () => navigate({ view: 'farm', name }),
        },
      ]),
    ],
    [farms, farmInView],
  );

  useCommands(
    () =>
      lists.slice(0, maxPerKind).map(({ reference }) => ({
        id: `push:${reference}`,
        label: `Push ${reference}…`,
        group: 'Push',
        icon: 'push',
        run: () => openSheet({ sheet: 'push', reference }),
      })),
    [lists],
  );

  useCommands(
    () =>
      connections.slice(0, maxPerKind).map(({ name }) => ({
        id: `go:connection:${name}`,
        label: `Connection ${name}`,
        group: 'Connections',
        icon: 'connections',
        run: () => navigate({ view: 'connections', name }),
      })),
    [connections],
  );

  useCommands(() => {
    const { entries } = useBuilds.getState();
    return order.slice(0, maxPerKind).map((id) => ({
      id: `go:build:${id}`,
      label: `Build ${entries[id]?.reference || id}`,
      group: 'Go to',
      icon: 'builds',
      keywords: [id],
      run: () => navigate({ view: 'build', id }),
    }));
  }, [order]);

  useCommands(() => {
    const build = buildId === undefined ? undefined : useBuilds.getState().byId[buildId];
    return jobs === '' || !build
      ? []
      : build.jobs.map(({ platform }) => ({
          id: `log:${platform}`,
          label: `Show log of ${formatPlatform(platform)}`,
          group: 'Current view',
          icon: 'log',
          run: () => openLog({ id: build.id, platform }),
        }));
  }, [buildId, jobs]);
}

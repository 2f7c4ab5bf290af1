import { join } from 'node:path';
import { app, Menu, Tray } from 'electron';
import log from 'electron-log/node';
import { entryOf } from '../../shared/build-entry.ts';
import type { NodeStatus } from '../../shared/node.ts';
import { buildRoute } from '../../shared/routes.ts';
import type { App } from '../app.ts';
import { dockMenu, jumpList, recentFolders } from './recent-projects.ts';
import type { RunningWork } from './running-work.ts';
import { type RecentBuild, type TrayState, trayMenu, trayToolTip } from './tray-menu.ts';
import type { MainWindow } from './window.ts';

/** How long changes are collected before the menus are made again, in milliseconds: an open menu may close then. */
const updateIntervalMs = 1_000;

/** How many ended builds are looked at for those that can be made again: several may be of the same project. */
const maxRecent = 30;

/**
 * Shows running builds and nodes in the notification area or the menu bar, and recent projects in the dock or the taskbar.
 * @param work is updated with each event before this is
 */
export async function showTray(
  core: Pick<App, 'call' | 'subscribe'>,
  work: RunningWork,
  window: MainWindow,
  openFolder: (folder: string) => void,
): Promise<void> {
  const tray = createTray();
  if (process.platform !== 'darwin') {
    // on macOS, a click opens the menu
    tray?.on('click', () => window.show());
  }
  const nodes = new Map<string, NodeStatus>();
  let recent: readonly RecentBuild[] = [];
  let isPaused: boolean | undefined;
  let shown = '';
  let timer: NodeJS.Timeout | undefined;

  const update = (): void => {
    timer = undefined;
    const state: TrayState = { running: work.builds, nodes: [...nodes.values()], recent, isPaused };
    const menu = trayMenu(state, {
      show: (route) => window.show(route),
      buildAgain: (id) => void buildAgain(core, id, window),
      setPaused: (pause) => void core.call(pause ? 'queue.pause' : 'queue.resume', {}),
      quit: () => app.quit(),
    });
    const signature = JSON.stringify([menu, recent, trayToolTip(state)]);
    if (signature !== shown) {
      shown = signature;
      tray?.setToolTip(trayToolTip(state));
      tray?.setContextMenu(Menu.buildFromTemplate(menu));
    }
  };

  core.subscribe((event) => {
    switch (event.event) {
      case 'node.changed':
        nodes.set(event.status.connection, event.status);
        break;
      case 'farms.changed': {
        const names = new Set(event.connections.map(({ name }) => name));
        for (const name of nodes.keys()) {
          if (!names.has(name)) {
            nodes.delete(name);
          }
        }
        break;
      }
      case 'build.finished':
        recent = [entryOf(event.build), ...recent.filter(({ id }) => id !== event.build.id)].slice(0, maxRecent);
        void showRecentProjects(core, openFolder);
        break;
      case 'queue.changed':
        isPaused = event.queue.isPaused;
        break;
      case 'builds.removed':
        recent = recent.filter(({ id }) => !event.ids.includes(id));
        break;
      case 'build.started':
      case 'job.changed':
      case 'step.changed':
        break;
      default:
        return;
    }
    if (timer === undefined) {
      timer = setTimeout(update, updateIntervalMs);
    }
  });

  const known = await core.call('nodes.list', {});
  for (const status of known.ok ? known.value : []) {
    nodes.set(status.connection, nodes.get(status.connection) ?? status);
  }
  const queue = await core.call('queue.get', {});
  isPaused ??= queue.ok ? queue.value.isPaused : undefined;
  const builds = await core.call('builds.list', { limit: maxRecent, filter: {} });
  const ended = builds.ok
    ? builds.value.entries.filter(({ status }) => status !== 'running' && status !== 'unreadable')
    : [];
  recent = [...recent, ...ended.filter(({ id }) => recent.every((other) => other.id !== id))];
  update();
  await showRecentProjects(core, openFolder);
}

/** @returns undefined where the system has no place for it */
function createTray(): Tray | undefined {
  const folder = app.isPackaged ? process.resourcesPath : join(import.meta.dirname, '..', '..', 'build-resources');
  try {
    // macOS draws a template in the color of its menu bar
    return new Tray(join(folder, 'tray', process.platform === 'darwin' ? 'trayTemplate.png' : 'tray.png'));
  } catch (error) {
    log.warn('The icon in the notification area could not be shown.', error);
    return undefined;
  }
}

/** Starts a build with the request of an earlier one. What hinders it is shown where the request can be changed. */
async function buildAgain(core: Pick<App, 'call'>, id: string, window: MainWindow): Promise<void> {
  const build = await core.call('builds.get', { id });
  const started = build.ok ? await core.call('builds.start', build.value.request) : build;
  window.show(
    started.ok
      ? buildRoute(started.value.id)
      : `${buildRoute(id)}?${new URLSearchParams({ sheet: 'new-build', from: id })}`,
  );
}

async function showRecentProjects(core: Pick<App, 'call'>, openFolder: (folder: string) => void): Promise<void> {
  if (app.dock === undefined && process.platform !== 'win32') {
    return;
  }
  const builds = await core.call('builds.list', { limit: 100, filter: {} });
  const folders = recentFolders(builds.ok ? builds.value.entries : []);
  app.dock?.setMenu(Menu.buildFromTemplate(dockMenu(folders, openFolder)));
  // from the sources, the program is Electron itself
  if (process.platform === 'win32' && app.isPackaged) {
    app.setJumpList(jumpList(folders, process.execPath));
  }
}

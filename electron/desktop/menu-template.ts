import type { MenuItemConstructorOptions } from 'electron';
import type { MenuCommand } from './channels.ts';

export interface MenuActions {
  run(command: MenuCommand): void;
  chooseFolder(): unknown;
  showDataFolder(): unknown;
}

const separator: MenuItemConstructorOptions = { type: 'separator' };

/**
 * The menus of the app. On macOS, settings and quit are in a menu for the app; elsewhere they are in File. The page handles
 * its own shortcuts first: a menu gets only the keys that the page does not handle.
 */
export function menuTemplate(
  { system, isPackaged }: { readonly system: NodeJS.Platform; readonly isPackaged: boolean },
  actions: MenuActions,
): MenuItemConstructorOptions[] {
  const isMac = system === 'darwin';
  const command = (label: string, id: MenuCommand, accelerator?: string): MenuItemConstructorOptions => ({
    label,
    id,
    ...(accelerator === undefined ? {} : { accelerator }),
    click: () => actions.run(id),
  });
  const settings = command('Settings…', 'go:settings', 'CmdOrCtrl+,');

  const appMenu: MenuItemConstructorOptions = {
    label: 'Barnraiser',
    submenu: [
      command('About Barnraiser', 'about'),
      separator,
      settings,
      separator,
      { role: 'services' },
      separator,
      { role: 'hide', label: 'Hide Barnraiser' },
      { role: 'hideOthers' },
      { role: 'unhide' },
      separator,
      { role: 'quit', label: 'Quit Barnraiser' },
    ],
  };
  const file: MenuItemConstructorOptions = {
    label: isMac ? 'File' : '&File',
    submenu: [
      command('New build…', 'build:new', 'CmdOrCtrl+N'),
      { label: 'Build folder…', id: 'folder', accelerator: 'CmdOrCtrl+O', click: () => actions.chooseFolder() },
      separator,
      command('Add connection…', 'connection:add'),
      command('Check all nodes', 'connection:probe'),
      separator,
      ...(isMac ? [{ role: 'close' } as const] : [settings, separator, { role: 'quit' } as const]),
    ],
  };
  const edit: MenuItemConstructorOptions = {
    label: isMac ? 'Edit' : '&Edit',
    submenu: [
      { role: 'undo' },
      { role: 'redo' },
      separator,
      { role: 'cut' },
      { role: 'copy' },
      { role: 'paste' },
      { role: 'selectAll' },
    ],
  };
  const view: MenuItemConstructorOptions = {
    label: isMac ? 'View' : '&View',
    submenu: [
      command('Search and run commands…', 'palette', 'CmdOrCtrl+K'),
      separator,
      command('Builds', 'go:builds', 'CmdOrCtrl+1'),
      command('Images', 'go:images', 'CmdOrCtrl+2'),
      command('Connections', 'go:connections', 'CmdOrCtrl+3'),
      separator,
      command('Back', 'go:back', isMac ? 'Cmd+[' : 'Alt+Left'),
      command('Forward', 'go:forward', isMac ? 'Cmd+]' : 'Alt+Right'),
      separator,
      { role: 'resetZoom' },
      { role: 'zoomIn' },
      { role: 'zoomOut' },
      { role: 'togglefullscreen' },
      // only developers of the page need to reload it
      ...(isPackaged ? [] : [separator, { role: 'reload' } as const, { role: 'toggleDevTools' } as const]),
    ],
  };
  const window: MenuItemConstructorOptions = {
    label: isMac ? 'Window' : '&Window',
    role: 'window',
    submenu: [
      { role: 'minimize' },
      { role: 'zoom' },
      ...(isMac ? [separator, { role: 'front' } as const] : [{ role: 'close' } as const]),
    ],
  };
  const help: MenuItemConstructorOptions = {
    label: isMac ? 'Help' : '&Help',
    role: 'help',
    submenu: [
      command('Guide', 'guide', 'F1'),
      command('Try a sample…', 'samples'),
      separator,
      { label: 'Show data folder', id: 'data-folder', click: () => actions.showDataFolder() },
      ...(isMac ? [] : [separator, command('About Barnraiser', 'about')]),
    ],
  };
  return [...(isMac ? [appMenu] : []), file, edit, view, window, help];
}

/** The parts of the module `electron` that the desktop front end uses. */
import { standInApp } from './app.ts';
import { protocol } from './chromium.ts';
import { handleTestRequests } from './control.ts';
import { ipcMain } from './ipc.ts';
import { Menu } from './menu.ts';
import {
  dialog,
  Notification,
  nativeTheme,
  permissionHandlers,
  powerMonitor,
  safeStorage,
  screen,
  session,
  shell,
  Tray,
} from './system.ts';
import { BrowserWindow } from './window.ts';

export {
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  Notification,
  nativeTheme,
  powerMonitor,
  protocol,
  safeStorage,
  screen,
  session,
  shell,
  standInApp as app,
  Tray,
};

handleTestRequests({
  app: standInApp,
  BrowserWindow,
  dialog,
  Menu,
  Notification,
  nativeTheme,
  permissionHandlers,
  powerMonitor,
  safeStorage,
  screen,
  session,
  shell,
  Tray,
});
standInApp.start();

/** The module `electron`, as far as the desktop door uses it. */
import { standInApp } from './app.ts';
import { protocol } from './chromium.ts';
import { answerTests } from './control.ts';
import { ipcMain } from './ipc.ts';
import { Menu } from './menu.ts';
import { dialog, Notification, nativeTheme, powerMonitor, safeStorage, screen, session, shell } from './system.ts';
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
};

answerTests({
  app: standInApp,
  BrowserWindow,
  dialog,
  Menu,
  Notification,
  nativeTheme,
  powerMonitor,
  safeStorage,
  screen,
  session,
  shell,
});
standInApp.begin();

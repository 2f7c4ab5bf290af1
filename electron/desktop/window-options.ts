import { join } from 'node:path';
import { type BrowserWindowConstructorOptions, nativeTheme, type WebPreferences } from 'electron';

/** The page gets nothing of Node and nothing of Electron but what the preload script gives it. */
function pagePreferences(): WebPreferences {
  return {
    // beside this bundle's folder
    preload: join(import.meta.dirname, '..', 'preload', 'preload.cjs'),
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    webSecurity: true,
    webviewTag: false,
    navigateOnDragDrop: false,
    spellcheck: false,
  };
}

/** The page's ground, so that a window does not flash in another colour before its page is drawn (`--ground-frame`). */
function ground(): string {
  return nativeTheme.shouldUseDarkColors ? '#121419' : '#f4f5f7';
}

export function mainWindowOptions(): BrowserWindowConstructorOptions {
  return {
    title: 'Barnraiser',
    show: false,
    minWidth: 640,
    minHeight: 480,
    backgroundColor: ground(),
    ...(process.platform === 'darwin' ? { titleBarStyle: 'hiddenInset' } : {}),
    webPreferences: pagePreferences(),
  };
}

/** A job's log in a window of its own. */
export function logWindowOptions(): BrowserWindowConstructorOptions {
  return {
    width: 960,
    height: 640,
    minWidth: 360,
    minHeight: 200,
    autoHideMenuBar: true,
    backgroundColor: ground(),
    webPreferences: pagePreferences(),
  };
}

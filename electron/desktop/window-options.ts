import { join } from 'node:path';
import { type BrowserWindowConstructorOptions, nativeTheme, type WebPreferences } from 'electron';

/** The page has no access to Node and Electron except for the API of the preload script. */
function webPreferences(): WebPreferences {
  return {
    // next to the folder of this bundle
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

/** The page's background color (`--background-frame`), which prevents a flash before the page is drawn. */
function backgroundColor(): string {
  return nativeTheme.shouldUseDarkColors ? '#121419' : '#f4f5f7';
}

export function mainWindowOptions(): BrowserWindowConstructorOptions {
  return {
    title: 'Barnraiser',
    show: false,
    minWidth: 640,
    minHeight: 480,
    backgroundColor: backgroundColor(),
    ...(process.platform === 'darwin' ? { titleBarStyle: 'hiddenInset' } : {}),
    webPreferences: webPreferences(),
  };
}

/** A window for the log of a job. */
export function logWindowOptions(): BrowserWindowConstructorOptions {
  return {
    width: 960,
    height: 640,
    minWidth: 360,
    minHeight: 200,
    autoHideMenuBar: true,
    backgroundColor: backgroundColor(),
    webPreferences: webPreferences(),
  };
}

/** A window for the guide. It has no scripts, and gets no API. */
export function guideWindowOptions(): BrowserWindowConstructorOptions {
  const { preload: _, ...preferences } = webPreferences();
  return {
    title: 'Barnraiser guide',
    width: 1080,
    height: 800,
    minWidth: 360,
    minHeight: 200,
    autoHideMenuBar: true,
    backgroundColor: backgroundColor(),
    webPreferences: { ...preferences, javascript: false },
  };
}

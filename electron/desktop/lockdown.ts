import { app, type Session, shell, type WebContents } from 'electron';
import { isLogUrl, isPageUrl, mayOpenOutside, mayUse } from './origin.ts';
import { logWindowOptions } from './window-options.ts';

/** Holds every window, now and later, to the app's own page. */
export function lockDown(): void {
  app.on('web-contents-created', (_event, contents) => {
    refuseNavigation(contents);
    refuseWindows(contents);
    contents.on('will-attach-webview', (event) => event.preventDefault());
  });
}

/** What leads elsewhere is not followed; a link to a known site opens in the system's browser. */
function refuseNavigation(contents: WebContents): void {
  contents.on('will-navigate', (event) => {
    if (!isPageUrl(event.url)) {
      event.preventDefault();
      openOutside(event.url);
    }
  });
  contents.on('will-redirect', (event) => {
    if (!isPageUrl(event.url)) {
      event.preventDefault();
    }
  });
  contents.on('will-frame-navigate', (event) => {
    // the page has no frames
    if (!event.isMainFrame) {
      event.preventDefault();
    }
  });
}

/** A page may open logs in windows of their own, and nothing else. */
function refuseWindows(contents: WebContents): void {
  contents.setWindowOpenHandler(({ url }) => {
    if (isLogUrl(url)) {
      return { action: 'allow', overrideBrowserWindowOptions: logWindowOptions() };
    }
    openOutside(url);
    return { action: 'deny' };
  });
}

function openOutside(url: string): void {
  if (mayOpenOutside(url)) {
    void shell.openExternal(url);
  }
}

/** Denies what a page can ask a person for, silently. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, answer, { requestingUrl }) =>
    answer(mayUse(permission, requestingUrl)),
  );
  session.setPermissionCheckHandler((_contents, permission, origin) => mayUse(permission, origin));
}

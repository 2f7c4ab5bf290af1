import { app, type Session, shell, type WebContents } from 'electron';
import { canOpenExternally } from '../../shared/external-sites.ts';
import { isGuideUrl, isLogUrl, isPageUrl, isPermissionAllowed } from './url-policy.ts';
import { guideWindowOptions, logWindowOptions } from './window-options.ts';

/** Restricts every window, present and future, to the app's own page. */
export function lockDownWindows(): void {
  app.on('web-contents-created', (_event, contents) => {
    blockNavigation(contents);
    restrictNewWindows(contents);
    contents.on('will-attach-webview', (event) => event.preventDefault());
  });
}

/** Blocks navigation to other pages. Links to known sites open in the system's browser. */
function blockNavigation(contents: WebContents): void {
  contents.on('will-navigate', (event) => {
    if (!isPageUrl(event.url)) {
      event.preventDefault();
      openExternally(event.url);
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

/** The page can open logs and the guide in new windows, and nothing else. */
function restrictNewWindows(contents: WebContents): void {
  contents.setWindowOpenHandler(({ url }) => {
    if (isLogUrl(url)) {
      return { action: 'allow', overrideBrowserWindowOptions: logWindowOptions() };
    }
    if (isGuideUrl(url)) {
      return { action: 'allow', overrideBrowserWindowOptions: guideWindowOptions() };
    }
    openExternally(url);
    return { action: 'deny' };
  });
}

function openExternally(url: string): void {
  if (canOpenExternally(url)) {
    void shell.openExternal(url);
  }
}

/** Denies permission requests of the page without asking the person. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, callback, { requestingUrl }) =>
    callback(isPermissionAllowed(permission, requestingUrl)),
  );
  session.setPermissionCheckHandler((_contents, permission, origin) => isPermissionAllowed(permission, origin));
}

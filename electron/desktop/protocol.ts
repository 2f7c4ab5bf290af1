import { protocol } from 'electron';
import { pageScheme } from './origin.ts';
import { answerPage } from './page.ts';

/** Tells Chromium that the page's scheme is one like https, with origins and a secure context. Only before the app is ready. */
export function registerPageScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: pageScheme, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Serves the built page. A scheme of one's own, unlike file:, gives it an origin, headers and no other file of the disk. */
export function servePage(folder: string): void {
  protocol.handle(pageScheme, (request) => answerPage(folder, request));
}

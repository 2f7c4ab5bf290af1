import { protocol } from 'electron';
import { respondWithPageFile } from './page-response.ts';
import { pageScheme } from './url-policy.ts';

/** Gives the page's scheme an origin and a secure context, like https. Must be called before the app is ready. */
export function registerPageScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: pageScheme, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Serves the built page. Unlike `file:`, a custom scheme has an origin and headers, and exposes no other files. */
export function servePage(folder: string): void {
  protocol.handle(pageScheme, (request) => respondWithPageFile(folder, request));
}

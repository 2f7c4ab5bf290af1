/** Decides by URL what belongs to the page, what the page may do and which links leave the app. */

/** The scheme and host of the built page. Only windows of this app can load it. */
export const pageScheme = 'app';
const pageHost = 'barnraiser';

/** The URL of the page. @param route a value of `location.hash` */
export function pageUrl(route = ''): string {
  return `${pageScheme}://${pageHost}/${route}`;
}

/** Compares scheme and host: `URL.origin` is `null` for custom schemes. */
export function isPageUrl(url: string): boolean {
  const parsed = parse(url);
  return parsed?.protocol === `${pageScheme}:` && parsed.host === pageHost;
}

/** Whether the URL shows the log of a job, which the page opens in its own window. */
export function isLogUrl(url: string): boolean {
  return isPageUrl(url) && parse(url)?.hash.startsWith('#/log/') === true;
}

/** Whether the URL is a page of the guide, which has a window of its own. */
export function isGuideUrl(url: string): boolean {
  return isPageUrl(url) && parse(url)?.pathname.startsWith('/docs/') === true;
}

/** The page may only write text to the clipboard, for its copy buttons. */
export function isPermissionAllowed(permission: string, url: string): boolean {
  return permission === 'clipboard-sanitized-write' && isPageUrl(url);
}

function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}

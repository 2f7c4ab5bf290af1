/** The scheme and host that the built page is served under, to windows of this app only. */
export const pageScheme = 'app';
export const pageHost = 'barnraiser';

/** The URL of the page, at a place as `location.hash` names it. */
export function pageUrl(place = ''): string {
  return `${pageScheme}://${pageHost}/${place}`;
}

/** Is this a URL of the app's own page? Compared by parts, since URL gives schemes of apps no origin. */
export function isPageUrl(url: string): boolean {
  const parsed = parse(url);
  return parsed?.protocol === `${pageScheme}:` && parsed.host === pageHost;
}

/** Is this the URL of a job's log, which the page opens in a window of its own? */
export function isLogUrl(url: string): boolean {
  return isPageUrl(url) && parse(url)?.hash.startsWith('#/log/') === true;
}

/** Sites that the app's own texts link to. */
const outside: ReadonlySet<string> = new Set(['podman.io', 'docs.podman.io', 'docs.docker.com', 'github.com']);

/** May this URL be given to the system's browser? A log or an image's label may hold any link, so only known sites are. */
export function mayOpenOutside(url: string): boolean {
  const parsed = parse(url);
  return (
    parsed?.protocol === 'https:' &&
    parsed.port === '' &&
    parsed.username === '' &&
    parsed.password === '' &&
    outside.has(parsed.hostname)
  );
}

/** Which of the things that a page can ask a person for are granted: putting text on the clipboard, which copy buttons do. */
export function mayUse(permission: string, url: string): boolean {
  return permission === 'clipboard-sanitized-write' && isPageUrl(url);
}

function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}

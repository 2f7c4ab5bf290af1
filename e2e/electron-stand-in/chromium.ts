import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Request as PageRequest, type Route } from 'playwright';
import { chromiumFlags, ensureChromium } from '../chromium.ts';

/**
 * Custom schemes cannot be registered in Chromium from outside, so `app://<host>/` becomes an https URL with this host
 * suffix. Like a standard, secure scheme it has an origin, relative URLs, a secure context and a content security policy
 * with 'self'. Requests are answered before they reach the network.
 */
const hostSuffix = '.app.test';

export function toChromiumUrl(url: string): string {
  return url.replace(/^app:\/\/([^/]+)/, `https://$1${hostSuffix}`);
}

export function fromChromiumUrl(url: string): string {
  return url.replace(/^https:\/\/([^/]+)\.app\.test/, 'app://$1');
}

type Handler = (request: Request) => Response | Promise<Response>;
const handlers = new Map<string, Handler>();
const privileged = new Set<string>();

export const protocol = {
  registerSchemesAsPrivileged(schemes: readonly { scheme: string; privileges: { standard?: boolean } }[]): void {
    for (const { scheme, privileges } of schemes) {
      if (privileges.standard) {
        privileged.add(scheme);
      }
    }
  },
  handle(scheme: string, handler: Handler): void {
    if (!privileged.has(scheme)) {
      throw new Error(`The scheme ${scheme} has no origin: it was not registered as a standard scheme.`);
    }
    handlers.set(scheme, handler);
  },
};

let context: BrowserContext | undefined;

/** Decides whether a navigation is allowed. Set by the windows. */
type NavigationFilter = (request: PageRequest) => boolean;
let navigationFilter: NavigationFilter = () => true;
export function setNavigationFilter(filter: NavigationFilter): void {
  navigationFilter = filter;
}

export async function openChromium(profile: string): Promise<void> {
  context = await chromium.launchPersistentContext(profile, {
    executablePath: await ensureChromium(),
    viewport: null,
    args: [
      ...chromiumFlags,
      '--window-size=1280,800',
      // the tests connect to the same pages
      '--remote-debugging-port=0',
    ],
  });
  await context.route('**/*', serve);
}

export function browserContext(): BrowserContext {
  if (!context) {
    throw new Error('A window was opened before the app was ready.');
  }
  return context;
}

export async function closeChromium(): Promise<void> {
  await context?.close();
}

/** The address where tests connect to the pages. */
export async function debuggingAddress(profile: string): Promise<string> {
  const [port] = (await readFile(join(profile, 'DevToolsActivePort'), 'utf8')).split('\n');
  return `http://127.0.0.1:${port}`;
}

async function serve(route: Route, request: PageRequest): Promise<void> {
  if (request.isNavigationRequest() && !navigationFilter(request)) {
    await route.abort('aborted');
    return;
  }
  const url = fromChromiumUrl(request.url());
  const handler = url.startsWith('app://') ? handlers.get('app') : undefined;
  if (!handler) {
    await route.continue();
    return;
  }
  const response = await handler(new Request(url, { method: request.method() }));
  await route.fulfill({
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.from(await response.arrayBuffer()),
  });
}

/** The browser front end: the page of the desktop app, in an app window of an installed browser. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Failure, fail, problemOf } from '../shared/problem.ts';
import { type App, createApp } from './app.ts';
import { type AppWindow, openAppWindow } from './browser/app-window.ts';
import { findBrowser } from './browser/find-browser.ts';
import { startServer } from './browser/server.ts';
import { newBuildRoute } from './routes.ts';

export interface BrowserFrontEndOptions {
  readonly home?: string;
  /** Only print the address: for a browser that is opened by hand, or on another computer through a tunnel. */
  readonly noWindow?: boolean;
  readonly port?: number;
  /** A project folder to open a new build for. */
  readonly folder?: string;
}

/** Runs the app until the window is closed or the process gets SIGINT or SIGTERM, then cleans up. */
export async function openBrowserFrontEnd(options: BrowserFrontEndOptions = {}): Promise<void> {
  const page = await findPageFolder();
  const app = await createApp({ frontEnd: 'browser', home: options.home });
  const server = await startServer(app, page, options.port);
  // browsers keep the part after # during the redirect that removes the token
  const url = `${server.url}${options.folder === undefined ? '' : await newBuildRoute(app, options.folder)}`;
  let window: AppWindow | undefined;
  try {
    const browser = options.noWindow ? undefined : await findBrowser();
    const terminated = terminationRequested();
    if (browser === undefined) {
      console.log(`Barnraiser is running at ${url}`);
      console.log('The address works once, in one browser. Press Ctrl+C to quit.');
      await terminated;
    } else {
      window = await openAppWindow(browser, url, await dataFolder(app));
      await Promise.race([window.closed, terminated]);
    }
  } finally {
    window?.close();
    await server.close();
    await app.close();
  }
}

async function dataFolder(app: App): Promise<string> {
  const info = await app.call('app.info', {});
  if (!info.ok) {
    throw new Failure(info.problem);
  }
  return info.value.home;
}

/**
 * The folder of the built page: next to this file's folder in `out/main`, or in `out` if this file runs from the sources.
 * @throws Failure `input.invalid` if the page is not built
 */
async function findPageFolder(): Promise<string> {
  const isBundle = !import.meta.url.endsWith('.ts');
  const folder = fileURLToPath(new URL(isBundle ? '../renderer' : '../out/renderer', import.meta.url));
  await access(join(folder, 'index.html')).catch(() => {
    throw fail('input.invalid', `The user interface is not built: ${folder} is missing.`, 'Run `npm run build`.');
  });
  return folder;
}

function terminationRequested(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === process.argv[1]) {
  const { values } = parseArgs({
    options: { 'no-window': { type: 'boolean' }, port: { type: 'string' }, folder: { type: 'string' } },
  });
  openBrowserFrontEnd({
    noWindow: values['no-window'] ?? false,
    ...(values.port === undefined ? {} : { port: Number(values.port) }),
    ...(values.folder === undefined ? {} : { folder: values.folder }),
  }).catch((error: unknown) => {
    const { message, fix } = problemOf(error);
    console.error(`${message}\n${fix}`);
    process.exitCode = 1;
  });
}

/** The browser front end: the page of the desktop app, in an app window of an installed browser. */
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Failure, fail, problemOf } from '../../shared/problem.ts';
import { createApp } from '../app.ts';
import { attachToRunningApp } from '../attach/client.ts';
import { type AttachServer, acceptTerminals } from '../attach/server.ts';
import { newBuildRoute } from '../routes.ts';
import { dataFolder } from '../system/data-folder.ts';
import { handleTermination } from '../system/termination.ts';
import { type AppWindow, openAppWindow } from './app-window.ts';
import { findBrowser } from './find-browser.ts';
import { type BrowserServer, startServer } from './server.ts';

export interface BrowserFrontEndOptions {
  readonly home?: string;
  /** Only print the address: for a browser that is opened by hand, or on another computer through a tunnel. */
  readonly noWindow?: boolean;
  readonly port?: number;
  /** A project folder to open a new build for. */
  readonly folder?: string;
}

/** Runs the app until its windows are closed or the process is ended, or opens a window of the app that is running. */
export async function openBrowserFrontEnd({
  home = dataFolder(),
  ...options
}: BrowserFrontEndOptions = {}): Promise<void> {
  const terminated = terminationRequested();
  if (await joinRunningApp(home, options, terminated)) {
    return;
  }
  const page = await findPageFolder();
  let server: BrowserServer | undefined;
  const entryUrl = async (folder: string | undefined): Promise<string> =>
    server?.createEntryUrl(folder === undefined ? '' : await newBuildRoute(app, folder)) ?? '';
  const app = await createApp({
    frontEnd: 'browser',
    home,
    hasWindow: () => server?.hasPage() ?? false,
    openWindow: async (folder) => ({ url: await entryUrl(folder) }),
  });
  let terminals: AttachServer | undefined;
  let joined = false;
  try {
    server = await startServer(app, page, options.port);
    terminals = await acceptTerminals(app, { home, frontEnd: 'browser' }).catch((error: unknown) => {
      console.error(problemOf(error).message);
      return undefined;
    });
    // another one was started at the same moment
    joined = terminals === undefined && (await canJoin(home));
    if (!joined) {
      await show(await entryUrl(options.folder), home, options, terminated, server);
    }
  } finally {
    await terminals?.close();
    await server?.close();
    await app.close();
  }
  if (joined) {
    await joinRunningApp(home, options, terminated);
  }
}

/** Shows the app until it is closed. */
async function show(
  url: string,
  home: string,
  { noWindow = false }: BrowserFrontEndOptions,
  terminated: Promise<void>,
  server: BrowserServer,
): Promise<void> {
  let address = url;
  const window = await openWindow(url, home, noWindow).catch(() => failedWindow);
  if (window !== undefined) {
    // a browser that was running already takes the window over, and other windows may have been opened since
    const closed = window.closed.then(() => server.allPagesClosed());
    try {
      const isTerminated = await Promise.race([closed.then(() => false), terminated.then(() => true)]);
      if (isTerminated || server.hadPage()) {
        return;
      }
    } finally {
      window.close();
    }
    console.log('The browser of this computer could not open a window.');
    address = server.createEntryUrl();
  }
  console.log(`Barnraiser is running at ${address}`);
  console.log(`${addressNote} Press Ctrl+C to quit${process.stdin.isTTY ? ', or Enter for another address' : ''}.`);
  const stop = onEnter(() => console.log(server.createEntryUrl()));
  await terminated;
  stop();
}

/** A browser that could not be started. */
const failedWindow: AppWindow = { closed: Promise.resolve(), close: () => undefined };

const addressNote = 'The address works once, in one browser, within ten minutes.';

/** Calls back each time that a person presses Enter in the terminal. @returns a function that stops it */
function onEnter(listener: () => void): () => void {
  if (!process.stdin.isTTY) {
    return () => undefined;
  }
  process.stdin.on('data', listener);
  return () => {
    process.stdin.off('data', listener).pause();
  };
}

/** @returns false if no app of the data folder is running */
async function joinRunningApp(
  home: string,
  { noWindow = false, folder }: BrowserFrontEndOptions,
  terminated: Promise<void>,
): Promise<boolean> {
  const running = await attachToRunningApp({ home, hasToShareEnvironment: false });
  if (running === undefined) {
    return false;
  }
  try {
    const opened = await running.call('app.openWindow', folder === undefined ? {} : { folder });
    if (!opened.ok) {
      throw new Failure(opened.problem);
    }
    const { url } = opened.value;
    if (url === undefined) {
      console.log('Barnraiser is already running. Its window was opened.');
      return true;
    }
    const window = await openWindow(url, home, noWindow);
    if (window === undefined) {
      console.log(`Barnraiser is already running at ${url}`);
      console.log(addressNote);
    } else {
      await Promise.race([window.closed, terminated]);
    }
    return true;
  } finally {
    await running.close();
  }
}

async function canJoin(home: string): Promise<boolean> {
  const running = await attachToRunningApp({ home, hasToShareEnvironment: false });
  await running?.close();
  return running !== undefined;
}

/** @returns undefined if no window is wanted or there is no browser */
async function openWindow(url: string, home: string, noWindow: boolean): Promise<AppWindow | undefined> {
  const browser = noWindow ? undefined : await findBrowser();
  return browser === undefined ? undefined : openAppWindow(browser, url, home);
}

/**
 * The folder of the built page: next to this file's folder in `out/main`, or in `out` if this file runs from the sources.
 * @throws Failure `input.invalid` if the page is not built
 */
async function findPageFolder(): Promise<string> {
  const isBundle = !import.meta.url.endsWith('.ts');
  const folder = fileURLToPath(new URL(isBundle ? '../renderer' : '../../out/renderer', import.meta.url));
  await access(join(folder, 'index.html')).catch(() => {
    throw fail('input.invalid', `The user interface is not built: ${folder} is missing.`, 'Run `npm run build`.');
  });
  return folder;
}

function terminationRequested(): Promise<void> {
  return new Promise((resolve) => {
    handleTermination({
      onFirst: resolve,
      onSecond: () => console.error('Ended without cleaning up. Build steps may still run on the nodes.'),
    });
  });
}

/** @throws Failure `input.invalid` */
function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw fail('input.invalid', `"${text}" is not a port.`, 'Use a number from 0 to 65535. 0 is any free port.');
  }
  return port;
}

/** @throws Failure `input.invalid` */
export function parseOptions(args: readonly string[]): BrowserFrontEndOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { 'no-window': { type: 'boolean' }, port: { type: 'string' }, folder: { type: 'string' } },
    });
    return {
      noWindow: values['no-window'] ?? false,
      ...(values.port === undefined ? {} : { port: parsePort(values.port) }),
      ...(values.folder === undefined ? {} : { folder: resolve(values.folder) }),
    };
  } catch (error) {
    throw error instanceof TypeError
      ? fail('input.invalid', error.message, 'Use --no-window, --port PORT or --folder FOLDER.')
      : error;
  }
}

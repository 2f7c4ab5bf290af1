/** The browser door: the same page as the desktop's, in an app window of a browser that is on this computer. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Failure, fail, problemOf } from '../shared/problem.ts';
import { type App, createApp } from './app.ts';
import { startServer } from './browser/server.ts';
import { type AppWindow, findBrowser, openWindow } from './browser/window.ts';
import { newBuildPlace } from './routes.ts';

export interface BrowserFrontEndOptions {
  readonly home?: string;
  /** Only print the address: for a browser that is opened by hand, or through a tunnel. */
  readonly noWindow?: boolean;
  readonly port?: number;
  /** A project folder to begin a build of. */
  readonly folder?: string;
}

/** Opens the door and resolves when its window was closed or the process was asked to end, with everything cleaned up. */
export async function openBrowserFrontEnd(options: BrowserFrontEndOptions = {}): Promise<void> {
  const page = await pageFolder();
  const app = await createApp({ frontEnd: 'browser', home: options.home });
  const server = await startServer(app, page, options.port);
  // browsers keep what follows the # over the redirect that takes the token away
  const url = `${server.url}${options.folder === undefined ? '' : await newBuildPlace(app, options.folder)}`;
  let window: AppWindow | undefined;
  try {
    const browser = options.noWindow ? undefined : await findBrowser();
    const ended = askedToEnd();
    if (browser === undefined) {
      console.log(`Barnraiser is at ${url}`);
      console.log('The address lets one browser in, once. Ctrl-C ends it.');
      await ended;
    } else {
      window = await openWindow(browser, url, await homeOf(app));
      await Promise.race([window.closed, ended]);
    }
  } finally {
    window?.close();
    await server.close();
    await app.close();
  }
}

/** The data folder that the app has chosen. */
async function homeOf(app: App): Promise<string> {
  const info = await app.call('app.info', {});
  if (!info.ok) {
    throw new Failure(info.problem);
  }
  return info.value.home;
}

/**
 * The built page: beside this file's folder in `out/main`; from the sources, where `npm run build` puts it in `out`.
 * @throws Failure where it was not built
 */
async function pageFolder(): Promise<string> {
  const isBundle = !import.meta.url.endsWith('.ts');
  const folder = fileURLToPath(new URL(isBundle ? '../renderer' : '../out/renderer', import.meta.url));
  await access(join(folder, 'index.html')).catch(() => {
    throw fail(
      'input.invalid',
      `The page of the app is not built: ${folder} is missing.`,
      'Build it with `npm run build`.',
    );
  });
  return folder;
}

function askedToEnd(): Promise<void> {
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

/** The desktop front end for specs. It runs on the stand-in, or on Electron's runtime with `npm run test:electron`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import type * as Electron from 'electron';
import { _electron, type Browser, chromium, type Page } from 'playwright';
import { findRuntime, runtimeArguments } from './electron-runtime.ts';
import { responseSchema } from './electron-stand-in/control.ts';

const root = resolve(import.meta.dirname, '..');

/** Set by `npm run test:electron`. */
export const usesElectron = process.env.BARNRAISER_TEST_RUNTIME === 'electron';

/** The origin of the app's page. */
export const pageOrigin = usesElectron ? 'app://barnraiser' : 'https://barnraiser.app.test';

export interface DesktopOptions {
  readonly home: string;
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Desktop {
  readonly page: Page;
  /** The pages of the app's windows. */
  pages(): Page[];
  /** Runs a function in the main process with the module `electron`. The function cannot use variables of its caller. */
  evaluate<R, A = undefined>(run: (electron: typeof Electron, argument: A) => R | Promise<R>, argument?: A): Promise<R>;
  /** Drops a file or folder in the middle of the window. */
  drop(path: string): Promise<void>;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  /** Kills the app. */
  kill(): Promise<void>;
}

export async function openDesktop(options: DesktopOptions): Promise<Desktop> {
  const desktop = await (usesElectron ? openOnElectron(options) : openOnStandIn(options));
  // the page sets the route when it has loaded the app's state
  await desktop.page.waitForURL((url) => url.hash.startsWith('#/'));
  await desktop.page.locator('main').first().waitFor();
  return desktop;
}

/** Starts a second instance with the same data folder. Resolves with its exit code. */
export async function startSecondInstance({ home, folder, env }: DesktopOptions): Promise<number | null> {
  const [command, args] = usesElectron
    ? [findRuntime() ?? '', [...runtimeArguments(), root]]
    : [process.execPath, standInArguments];
  const child = spawn(command, [...args, ...(folder ? [folder] : [])], {
    cwd: root,
    stdio: 'inherit',
    env: environment(home, env),
  });
  return exitOf(child);
}

const standInArguments = ['--import', 'tsx', '--import', './e2e/electron-stand-in/register.ts', 'out/main/main.cjs'];

function environment(home: string, env: DesktopOptions['env'] = {}): Record<string, string> {
  const inherited = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  return {
    ...Object.fromEntries(inherited),
    SSH_AUTH_SOCK: '',
    BARNRAISER_HOME: home,
    BARNRAISER_KNOWN_HOSTS: join(home, 'known_hosts'),
    BARNRAISER_SSH_CONFIG: 'none',
    ...env,
  };
}

async function openOnElectron({ home, folder, env }: DesktopOptions): Promise<Desktop> {
  const electron = await _electron.launch({
    executablePath: findRuntime() ?? '',
    args: [...runtimeArguments(), root, ...(folder ? [folder] : [])],
    env: environment(home, env),
  });
  const page = await electron.firstWindow();
  const ended = exitOf(electron.process());
  return {
    page,
    pages: () => electron.windows(),
    evaluate: (run, argument) => electron.evaluate(`([electron, argument]) => (${run})(electron, argument)`, argument),
    drop: (path) => drop(page, path),
    ended,
    kill: async () => {
      electron.process().kill('SIGKILL');
      await ended;
    },
  };
}

async function openOnStandIn({ home, folder, env }: DesktopOptions): Promise<Desktop> {
  const child = spawn(process.execPath, [...standInArguments, ...(folder ? [folder] : [])], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: environment(home, env),
  });
  const ended = exitOf(child);
  const { address, request } = connectTo(child, ended);
  const browser = await chromium.connectOverCDP(await address);
  const evaluate: Desktop['evaluate'] = (run, argument) => request(String(run), argument);
  const page = await firstPage(browser);
  return {
    page,
    pages: () => pagesOf(browser),
    evaluate,
    drop: async (path) => {
      await evaluate(
        ({ BrowserWindow }, [name, fullPath]) => {
          BrowserWindow.getAllWindows()[0]?.webContents.send('stand-in:dropped', name, fullPath);
        },
        [path.split('/').at(-1) ?? '', path] as const,
      );
      await drop(page, path);
    },
    ended,
    kill: async () => {
      // the stand-in closes Chromium and exits when the channel to the tests is closed
      child.disconnect();
      await ended;
    },
  };
}

function pagesOf(browser: Browser): Page[] {
  return browser.contexts().flatMap((context) => context.pages().filter((page) => page.url().startsWith(pageOrigin)));
}

async function firstPage(browser: Browser): Promise<Page> {
  for (;;) {
    const [page] = pagesOf(browser);
    if (page) {
      return page;
    }
    // the window may use an existing page or a new one
    await Promise.race(
      browser
        .contexts()
        .flatMap((context) => [
          context.waitForEvent('page'),
          ...context.pages().map((candidate) => candidate.waitForEvent('framenavigated')),
        ]),
    );
  }
}

/** Sends requests to the process of the stand-in. */
function connectTo(child: ChildProcess, ended: Promise<number | null>) {
  let lastId = 0;
  const pending = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  const address = new Promise<string>((resolve, reject) => {
    child.on('message', (message) => {
      const response = responseSchema.parse(message);
      if ('address' in response) {
        resolve(response.address);
        return;
      }
      const callbacks = pending.get(response.id);
      pending.delete(response.id);
      if ('error' in response) {
        callbacks?.reject(new Error(response.error));
      } else {
        callbacks?.resolve(response.value as never);
      }
    });
    void ended.then((code) => reject(new Error(`The app exited with code ${code} before it opened a window.`)));
  });
  const request = <R>(source: string, argument: unknown): Promise<R> =>
    new Promise((resolve, reject) => {
      lastId += 1;
      pending.set(lastId, { resolve, reject });
      child.send({ id: lastId, source, argument });
    });
  return { address, request };
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
}

/** Dispatches the events of a file that is dragged from a file manager into the page. */
async function drop(page: Page, path: string): Promise<void> {
  const client = await page.context().newCDPSession(page);
  const { width, height } = await page.evaluate<{ width: number; height: number }>(
    '({ width: innerWidth, height: innerHeight })',
  );
  const at = { x: width / 2, y: height / 2, data: { items: [], files: [path], dragOperationsMask: 1 } };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await client.send('Input.dispatchDragEvent', { type, ...at });
  }
  await client.detach();
}

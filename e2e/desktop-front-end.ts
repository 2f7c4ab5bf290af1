/** The desktop door as the specs see it: on Electron's runtime where that is asked for, else on the stand-in. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import type * as Electron from 'electron';
import { _electron, type Browser, chromium, type Page } from 'playwright';
import { findRuntime, runtimeArguments } from './electron-runtime.ts';
import { answerSchema } from './electron-stand-in/control.ts';

const root = resolve(import.meta.dirname, '..');

/** Set by `npm run test:electron`. */
const isReal = process.env.BARNRAISER_TEST_RUNTIME === 'electron';

/** Where the page of the app is, as a browser that was told of it sees it. */
export const pageOrigin = isReal ? 'app://barnraiser' : 'https://barnraiser.app.test';

export interface DesktopOptions {
  readonly home: string;
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Desktop {
  readonly page: Page;
  /** The app's windows as pages. */
  pages(): Page[];
  /** Runs a function in the main process, with the module `electron`. It sees nothing of this file. */
  evaluate<R, A = undefined>(run: (electron: typeof Electron, argument: A) => R | Promise<R>, argument?: A): Promise<R>;
  /** Drops a file or folder of this computer in the middle of the window. */
  drop(path: string): Promise<void>;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  /** Ends it at once, whatever runs. */
  kill(): Promise<void>;
}

export async function openDesktop(options: DesktopOptions): Promise<Desktop> {
  const desktop = await (isReal ? openOnElectron(options) : openOnStandIn(options));
  // it has loaded what there is and has chosen where to begin
  await desktop.page.waitForURL((url) => url.hash.startsWith('#/'));
  await desktop.page.locator('main').first().waitFor();
  return desktop;
}

/** A second start with the same data folder; resolves when it has ended. */
export async function startAgain({ home, folder, env }: DesktopOptions): Promise<number | null> {
  const [command, args] = isReal
    ? [findRuntime() ?? '', [...runtimeArguments(), root]]
    : [process.execPath, standInArguments];
  const child = spawn(command, [...args, ...(folder ? [folder] : [])], {
    cwd: root,
    stdio: 'inherit',
    env: environment(home, env),
  });
  return exitOf(child);
}

const standInArguments = ['--import', 'tsx', '--import', './e2e/electron-stand-in/register.ts', 'out/main/main.js'];

function environment(home: string, env: DesktopOptions['env'] = {}): Record<string, string> {
  const own = Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return {
    ...Object.fromEntries(own),
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
  const { address, ask } = talkTo(child, ended);
  const browser = await chromium.connectOverCDP(await address);
  const evaluate: Desktop['evaluate'] = (run, argument) => ask(String(run), argument);
  const page = await firstPage(browser);
  return {
    page,
    pages: () => pagesOf(browser),
    evaluate,
    drop: async (path) => {
      await evaluate(
        ({ BrowserWindow }, [name, whole]) => {
          BrowserWindow.getAllWindows()[0]?.webContents.send('stand-in:dropped', name, whole);
        },
        [path.split('/').at(-1) ?? '', path] as const,
      );
      await drop(page, path);
    },
    ended,
    kill: async () => {
      // it closes its Chromium when it loses the tests
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
    // whichever page there is, or comes, may become the window's
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

/** The messages between the tests and the stand-in's process. */
function talkTo(child: ChildProcess, ended: Promise<number | null>) {
  let lastId = 0;
  const open = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  const address = new Promise<string>((resolve, reject) => {
    child.on('message', (message) => {
      const answer = answerSchema.parse(message);
      if ('address' in answer) {
        resolve(answer.address);
        return;
      }
      const asked = open.get(answer.id);
      open.delete(answer.id);
      if ('error' in answer) {
        asked?.reject(new Error(answer.error));
      } else {
        asked?.resolve(answer.value as never);
      }
    });
    void ended.then((code) => reject(new Error(`The app ended with ${code} before it had a window.`)));
  });
  const ask = <R>(source: string, argument: unknown): Promise<R> =>
    new Promise((resolve, reject) => {
      lastId += 1;
      open.set(lastId, { resolve, reject });
      child.send({ id: lastId, source, argument });
    });
  return { address, ask };
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
}

/** What Chromium does when a person drags a file from the desktop's file manager into the page. */
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

/** The desktop front end: window, security, notifications and quitting. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ensureBundled } from './bundle.ts';
import { type Desktop, openDesktop, pageOrigin, startSecondInstance } from './desktop-front-end.ts';
import { makeProject, Person, setUpLab } from './harness.ts';

/** Runs the body of an async function in the page, for which there are no types here. */
const inPage = <R = unknown>(page: Page, script: string): Promise<R> =>
  page.evaluate<R>(`(async () => { ${script} })()`);

/** Waits in the page. Playwright's waitForFunction cannot be used, since the page's content security policy forbids eval. */
const waitInPage = (page: Page, condition: string): Promise<unknown> =>
  inPage(page, `while (!(${condition})) await new Promise(requestAnimationFrame)`);

/** Retries an assertion until it succeeds. The timeout is long, since the machine may be busy. */
const eventually = <T>(assertion: () => T | Promise<T>, timeout = 15_000): Promise<T> =>
  vi.waitFor(assertion, { timeout });

/** Replaces functions of Electron in the main process to record their calls. */
async function recordSystemCalls(desktop: Desktop): Promise<void> {
  await desktop.evaluate(({ shell, Notification, BrowserWindow, dialog, Tray }) => {
    const record = {
      openedUrls: [],
      notifications: [],
      progress: [],
      dialogs: [],
      menus: [],
      response: 1,
    } as unknown as Recorded;
    Object.assign(globalThis, { recorded: record });
    shell.openExternal = async (url) => {
      record.openedUrls.push(url);
    };
    Notification.prototype.show = function () {
      record.notifications.push(this);
    };
    BrowserWindow.prototype.setProgressBar = (progress) => {
      record.progress.push(progress);
    };
    Tray.prototype.setContextMenu = (menu) => {
      record.menus.push(menu?.items.map(({ label }) => label) ?? []);
      record.buildAgain = () => menu?.getMenuItemById('build-again')?.click();
    };
    dialog.showMessageBox = (async (...args: unknown[]) => {
      record.dialogs.push(args.at(-1) as { message: string });
      return { response: record.response, checkboxChecked: false };
    }) as typeof dialog.showMessageBox;
  });
}

interface Recorded {
  openedUrls: string[];
  notifications: { title: string; body: string; emit(event: string): void }[];
  progress: number[];
  dialogs: { message: string; buttons?: string[] }[];
  /** The labels of each menu of the notification area. */
  menus: string[][];
  buildAgain(): void;
  /** The index of the button that the dialogs return. */
  response: number;
}
type RecordedData = Omit<Recorded, 'notifications' | 'buildAgain'> & {
  notifications: { title: string; body: string }[];
};

/** The recorded calls, with notifications reduced to their texts, since their objects cannot leave the main process. */
function readRecorded(desktop: Desktop): Promise<RecordedData> {
  return desktop.evaluate(() => {
    const { buildAgain: _, ...recorded } = (globalThis as unknown as { recorded: Recorded }).recorded;
    return { ...recorded, notifications: recorded.notifications.map(({ title, body }) => ({ title, body })) };
  });
}

let person: Person;
let desktop: Desktop;
let page: Page;

beforeAll(async () => {
  await ensureBundled();
  person = await Person.create();
  desktop = await openDesktop({ home: person.home });
  page = desktop.page;
  await recordSystemCalls(desktop);
});
afterAll(async () => {
  await desktop?.kill();
  await person?.remove();
});

describe('the window', () => {
  it('loads the page from the app scheme, without access to Node', async () => {
    expect(await page.title()).toBe('Barnraiser');
    expect(page.url().startsWith(`${pageOrigin}/#/`)).toBe(true);
    expect(await inPage(page, 'return [typeof require, typeof process, window.isSecureContext]')).toEqual([
      'undefined',
      'undefined',
      true,
    ]);
  });

  it('exposes only six functions to the page', async () => {
    expect(await inPage(page, 'return Object.keys(window.barnraiser).sort()')).toEqual([
      'call',
      'cancel',
      'onEvent',
      'onMenu',
      'pathOf',
      'showItem',
    ]);
  });

  it('sends a call to the app and returns the result', async () => {
    const answer = await inPage(page, "return window.barnraiser.call('app.info', {})");
    expect(answer).toMatchObject({ ok: true, value: { frontEnd: 'desktop', home: person.home } });
  });

  it('sends events to the page until it unsubscribes', async () => {
    const events = await inPage(
      page,
      `const events = [];
       const unsubscribe = window.barnraiser.onEvent((event) => events.push(event));
       await window.barnraiser.call('settings.update', { theme: 'dark' });
       while (events.length === 0) await new Promise(requestAnimationFrame);
       unsubscribe();
       await window.barnraiser.call('settings.update', { theme: 'light' });
       await window.barnraiser.call('settings.get', {});
       return events;`,
    );
    expect(events).toEqual([{ event: 'settings.changed', settings: expect.objectContaining({ theme: 'dark' }) }]);
    expect(await desktop.evaluate(({ nativeTheme }) => nativeTheme.themeSource)).toBe('light');
  });

  it('sends menu commands to the page', async () => {
    await inPage(page, 'window.chosen = []; window.barnraiser.onMenu((command) => window.chosen.push(command))');
    await desktop.evaluate(({ Menu }) => Menu.getApplicationMenu()?.getMenuItemById('go:images')?.click());
    await waitInPage(page, 'window.chosen.length > 0');
    expect(await inPage(page, 'return window.chosen')).toEqual(['go:images']);
  });

  it('runs a menu command that is chosen before the page listens', async () => {
    await desktop.evaluate(async ({ BrowserWindow, Menu }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      const loaded = new Promise<void>((resolve) => contents?.once('did-finish-load', () => resolve()));
      contents?.reload();
      await loaded;
      Menu.getApplicationMenu()?.getMenuItemById('go:connections')?.click();
    });
    await page.waitForURL((url) => url.hash.startsWith('#/connections'));
  });

  it('opens the build of a link, and for any other link only the window', async () => {
    expect(await startSecondInstance({ home: person.home, folder: 'barnraiser://build/none-1' })).toBe(0);
    await page.waitForURL((url) => url.hash === '#/build/none-1');
    await desktop.evaluate(({ app }) => {
      app.emit('open-url', { preventDefault: () => undefined }, 'barnraiser://build/b1?sheet=new-build&context=/etc');
      app.emit('open-url', { preventDefault: () => undefined }, 'barnraiser://build/none-2');
    });
    await page.waitForURL((url) => url.hash === '#/build/none-2');
    await page.goBack();
    expect(new URL(page.url()).hash).toBe('#/build/none-1');
  });

  it('resolves the path of a dropped folder', async () => {
    const folder = await makeProject({ Containerfile: 'FROM scratch\n' });
    await inPage(
      page,
      `addEventListener('dragover', (event) => event.preventDefault(), true);
       addEventListener('drop', (event) => {
         event.preventDefault();
         window.droppedAt = window.barnraiser.pathOf(event.dataTransfer.files[0]);
       }, { capture: true, once: true });`,
    );
    await desktop.drop(folder);
    await waitInPage(page, 'window.droppedAt !== undefined');
    expect(await inPage(page, 'return window.droppedAt')).toBe(folder);
    await rm(folder, { recursive: true });
  });

  it('opens a new build for the folder of a second instance, which then exits', async () => {
    const folder = await makeProject({ Containerfile: 'FROM scratch\n' });
    expect(await startSecondInstance({ home: person.home, folder })).toBe(0);
    await page.waitForURL((url) => new URLSearchParams(url.hash.split('?')[1]).get('context') === folder);
    expect(new URLSearchParams(new URL(page.url()).hash.split('?')[1]).get('sheet')).toBe('new-build');
    await rm(folder, { recursive: true });
  });

  it('offers to reload a page that has crashed', async () => {
    await desktop.evaluate(({ BrowserWindow }) => {
      Object.assign((globalThis as unknown as { recorded: Recorded }).recorded, { response: 0 });
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      contents?.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 5 });
    });
    await page.waitForEvent('load');
    await page.locator('main').first().waitFor();
    const { dialogs } = await readRecorded(desktop);
    expect(dialogs.at(-1)).toMatchObject({
      message: expect.stringContaining('crashed'),
      buttons: ['Reload', 'Quit'],
    });
    await expect(readFile(join(person.home, 'desktop.log'), 'utf8')).resolves.toContain('crashed');
  });
});

describe('the security of the window', () => {
  /** A web site to which the page must not get access. */
  let site: Server;
  /** The paths of requests to the site. */
  let requests: string[];
  let address: string;
  beforeAll(async () => {
    requests = [];
    site = createServer((request, response) => {
      requests.push(request.url ?? '');
      response.setHeader('access-control-allow-origin', '*').setHeader('content-type', 'text/html').end('a web site');
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    const { port } = site.address() as AddressInfo;
    address = `http://127.0.0.1:${port}`;
  });
  afterAll(() => site.close());

  it('blocks navigation to another site', async () => {
    const before = page.url();
    await inPage(page, `location.href = '${address}/away'`);
    // the page still works, and no request was sent
    expect(await inPage(page, "return (await window.barnraiser.call('settings.get', {})).ok")).toBe(true);
    expect(page.url()).toBe(before);
    expect(requests).toEqual([]);
  });

  it('opens only links to allowed sites, in the default browser', async () => {
    await inPage(page, `window.open('${address}/popup'); window.open('https://example.org/')`);
    await inPage(page, "window.open('https://docs.podman.io/en/latest/')");
    await eventually(async () =>
      expect((await readRecorded(desktop)).openedUrls).toEqual(['https://docs.podman.io/en/latest/']),
    );
    await eventually(async () =>
      expect(await desktop.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1),
    );
    expect(requests).toEqual([]);
  });

  it('opens a log in a separate window with the same restrictions', async () => {
    await inPage(page, "window.open('#/log/none/linux%2Famd64', 'log', 'popup,width=960,height=640')");
    await eventually(() => expect(desktop.pages()).toHaveLength(2));
    const log = desktop.pages().find((candidate) => candidate !== page);
    expect(log && (await inPage(log, "return (await window.barnraiser.call('app.info', {})).ok"))).toBe(true);
    expect(log && (await inPage(log, 'return typeof require'))).toBe('undefined');
    await log?.close();
  });

  it('opens the guide in a window of its own, from its files', async () => {
    await desktop.evaluate(({ Menu }) => Menu.getApplicationMenu()?.getMenuItemById('guide')?.click());
    await eventually(() => expect(desktop.pages()).toHaveLength(2));
    const guide = desktop.pages().find((candidate) => candidate !== page);
    await eventually(() => expect(guide?.url()).toMatch(/\/docs\/guide\/index\.html$/));
    expect(requests).toEqual([]);
    await guide?.close();
  });

  it('blocks inline scripts, requests to other hosts, and frames', async () => {
    const blocked = await inPage(
      page,
      `const blocked = [];
       const allBlocked = new Promise((resolve) => addEventListener('securitypolicyviolation', (event) => {
         blocked.push(event.effectiveDirective);
         if (blocked.length === 3) resolve();
       }));
       const script = document.createElement('script');
       script.textContent = 'window.inlineRan = true';
       document.body.append(script);
       await fetch('${address}/fetched').catch(() => {});
       const frame = document.createElement('iframe');
       frame.src = '${address}/framed';
       document.body.append(frame);
       await allBlocked;
       frame.remove();
       script.remove();
       return [blocked.sort(), window.inlineRan];`,
    );
    expect(blocked).toEqual([['connect-src', 'frame-src', 'script-src-elem'], undefined]);
    expect(requests).toEqual([]);
  });

  it('serves only files of the page', async () => {
    const responses = await inPage<unknown[]>(
      page,
      `const paths = ['/icon.svg', '/..%2fmain%2fmain.js', '/..%2f..%2fpackage.json', '/%2e%2e%2f%2e%2e%2fpackage.json',
         '/..%5c..%5cpackage.json', '/assets/..%2f..%2fpreload%2fpreload.cjs', '/%00', '/%', '/nothing.js'];
       const responses = [];
       for (const path of ['/index.html', ...paths.slice(1)]) {
         const response = await fetch(path);
         responses.push([path, response.status, (await response.text()).length > 200]);
       }
       return responses;`,
    );
    expect(responses[0]).toEqual(['/index.html', 200, true]);
    for (const response of responses.slice(1)) {
      expect(response).toEqual([expect.any(String), 404, false]);
    }
  });

  it('rejects calls that the contract does not define, and invalid input', async () => {
    expect(await inPage(page, "return window.barnraiser.call('toString', {})")).toMatchObject({
      ok: false,
      problem: { code: 'input.invalid', message: expect.stringContaining('"toString"') },
    });
    expect(await inPage(page, "return window.barnraiser.call('builds.get', { id: 5 })")).toMatchObject({
      ok: false,
      problem: { code: 'input.invalid' },
    });
  });

  it('rejects calls from a page of another site, even with the preload script', async () => {
    const answer = await desktop.evaluate(
      async ({ BrowserWindow }, { url, preload }) => {
        const webPreferences = { preload, sandbox: true, contextIsolation: true, nodeIntegration: false };
        const window = new BrowserWindow({ show: false, webPreferences });
        await window.loadURL(url);
        const answer: unknown = await window.webContents.executeJavaScript("window.barnraiser.call('app.info', {})");
        window.destroy();
        return answer;
      },
      { url: `${address}/with-preload`, preload: resolve(import.meta.dirname, '../out/preload/preload.cjs') },
    );
    expect(answer).toMatchObject({ ok: false, problem: { message: 'Only the page of Barnraiser can call the app.' } });
    expect(requests).toContain('/with-preload');
  });
});

/** The lab runs on Linux only. */
const hasLab = process.platform === 'linux';

describe.skipIf(!hasLab)('a window with a node', () => {
  let project: string;
  let from: string;
  let builder: Person;
  let window: Desktop;

  beforeAll(async () => {
    const lab = await setUpLab();
    from = lab.from;
    builder = await Person.create();
    await builder.addConnections(lab.node('amd-a'));
    project = await makeProject({});
    window = await openDesktop({ home: builder.home, env: { BARNRAISER_KNOWN_HOSTS: builder.knownHosts } });
    await recordSystemCalls(window);
  });
  afterAll(async () => {
    await window?.kill();
    await builder?.remove();
    await rm(project, { recursive: true, force: true });
  });

  async function startBuild(steps: string): Promise<string> {
    await writeFile(join(project, 'Containerfile'), `${from}${steps}`);
    const request = { context: project, reference: 'desktop:1', noCache: true };
    const answer = await inPage<{ ok: boolean; value: { id: string } }>(
      window.page,
      `const started = new Promise((resolve) => {
         const unsubscribe = window.barnraiser.onEvent(({ event }) => event === 'build.started' && resolve(unsubscribe()));
       });
       const answer = await window.barnraiser.call('builds.start', ${JSON.stringify(request)});
       if (answer.ok) await started;
       return answer;`,
    );
    expect(answer.ok, JSON.stringify(answer)).toBe(true);
    return answer.value.id;
  }

  it('shows the progress of a build, and without focus a notification that opens the build', async () => {
    await window.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getFocusedWindow = () => null;
    });
    const id = await startBuild('RUN sleep 0.5\nRUN sleep 0.5\n');
    await eventually(async () => expect((await readRecorded(window)).notifications).not.toEqual([]), 60_000);
    const { notifications, progress } = await readRecorded(window);
    expect(notifications).toEqual([{ title: 'Built desktop:1', body: expect.stringMatching(/^1 platform in /) }]);
    expect(progress.length).toBeGreaterThan(2);
    expect(progress.at(-1)).toBe(-1);
    const shares = progress.slice(0, -1);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    await window.evaluate(() =>
      (globalThis as unknown as { recorded: Recorded }).recorded.notifications[0]?.emit('click'),
    );
    await window.page.waitForURL((url) => url.hash === `#/build/${id}`);
  });

  it('shows running builds and nodes in the notification area, and builds again from there', async () => {
    const lastMenu = async (): Promise<string[]> => (await readRecorded(window)).menus.at(-1) ?? [];
    await eventually(async () => expect(await lastMenu()).toContain('Build desktop:1 again'));
    expect(await lastMenu()).toEqual(expect.arrayContaining(['● amd-a', 'No builds are running']));
    await window.evaluate(() => (globalThis as unknown as { recorded: Recorded }).recorded.buildAgain());
    await eventually(
      async () =>
        expect(await lastMenu()).toContainEqual(expect.stringMatching(/^desktop:1: 0 of 1 platform done, \d+ %$/)),
      60_000,
    );
    await eventually(async () => expect(await lastMenu()).toContain('No builds are running'), 60_000);
  });

  it('asks before it quits during a build, keeps running if that is chosen, and otherwise cancels the build', async () => {
    await startBuild('RUN sleep 600\n');
    await window.evaluate(({ app }) => app.quit());
    await eventually(async () => expect((await readRecorded(window)).dialogs).toHaveLength(1));
    const { dialogs } = await readRecorded(window);
    expect(dialogs[0]).toMatchObject({
      message: '1 build is running. Quit and cancel it?',
      buttons: ['Quit and cancel', 'Keep it running'],
    });
    const running = await inPage(
      window.page,
      "return (await window.barnraiser.call('builds.list', {})).value.entries[0].status",
    );
    expect(running).toBe('running');

    await window.evaluate(({ BrowserWindow }) => {
      Object.assign((globalThis as unknown as { recorded: Recorded }).recorded, { response: 0 });
      // as the close button does
      BrowserWindow.getAllWindows()[0]?.close();
    });
    expect(await window.ended).toBe(0);
    const builds: unknown = JSON.parse(await builder.mustRun('builds', '--json'));
    expect(builds).toMatchObject([{ status: 'cancelled' }, { status: 'done' }, { status: 'done' }]);
  });

  it('saves its position', async () => {
    const state: unknown = JSON.parse(await readFile(join(builder.home, 'desktop', 'window.json'), 'utf8'));
    expect(state).toMatchObject({ width: expect.any(Number), maximised: false });
  });
});

it.skipIf(!hasLab)('the app ends at SIGTERM although it asks whether to quit', async () => {
  const lab = await setUpLab();
  const builder = await Person.create();
  await builder.addConnections(lab.node('amd-a'));
  const folder = await makeProject({ Containerfile: `${lab.from}RUN sleep 600\n` });
  const opened = await openDesktop({ home: builder.home, env: { BARNRAISER_KNOWN_HOSTS: builder.knownHosts } });
  try {
    const request = { context: folder, reference: 'desktop:2', noCache: true };
    await inPage(opened.page, `return window.barnraiser.call('builds.start', ${JSON.stringify(request)})`);
    await opened.evaluate(({ app, dialog }) => {
      const asked = new Promise<void>((resolve) => {
        dialog.showMessageBox = (() => {
          resolve();
          // a question without an answer
          return new Promise(() => undefined);
        }) as typeof dialog.showMessageBox;
      });
      app.quit();
      return asked;
    });
    await opened.evaluate(() => void setImmediate(() => process.kill(process.pid, 'SIGTERM')));
    expect(await opened.ended).toBe(0);
    expect(JSON.parse(await builder.mustRun('builds', '--json'))).toMatchObject([{ status: 'cancelled' }]);
  } finally {
    await opened.kill();
    await builder.remove();
    await rm(folder, { recursive: true });
  }
});

it('the app opens a new build for the folder that it is started with', async () => {
  const home = await mkdtemp(join(tmpdir(), 'barnraiser-home-'));
  const folder = await makeProject({ Containerfile: 'FROM scratch\n' });
  const opened = await openDesktop({ home, folder });
  try {
    const query = new URLSearchParams(new URL(opened.page.url()).hash.split('?')[1]);
    expect([query.get('sheet'), query.get('context')]).toEqual(['new-build', folder]);
  } finally {
    await opened.kill();
    await rm(home, { recursive: true });
    await rm(folder, { recursive: true });
  }
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ensureBuilt } from './built.ts';
import { type Desktop, openDesktop, pageOrigin, startAgain } from './desktop-front-end.ts';
import { makeProject, Person, theLab } from './harness.ts';

/** Runs a piece of script in the page, which has no types here. */
const inPage = <R = unknown>(page: Page, script: string): Promise<R> =>
  page.evaluate<R>(`(async () => { ${script} })()`);

/** Waits in the page, where the policy lets no text be run as script but what a debugger runs. */
const until = (page: Page, condition: string): Promise<unknown> =>
  inPage(page, `while (!(${condition})) await new Promise(requestAnimationFrame)`);

/** Waits for what comes of itself, on a machine that may be busy. */
const soon = <T>(look: () => T | Promise<T>, timeout = 15_000): Promise<T> => vi.waitFor(look, { timeout });

/** Keeps what the main process asks of the system, instead of asking it. */
async function watchSystem(desktop: Desktop): Promise<void> {
  await desktop.evaluate(({ shell, Notification, BrowserWindow, dialog }) => {
    const seen = { outside: [], notes: [], progress: [], questions: [], answer: 1 } as unknown as Seen;
    Object.assign(globalThis, { seen });
    shell.openExternal = async (url) => {
      seen.outside.push(url);
    };
    Notification.prototype.show = function () {
      seen.notes.push(this);
    };
    BrowserWindow.prototype.setProgressBar = (progress) => {
      seen.progress.push(progress);
    };
    dialog.showMessageBox = (async (...args: unknown[]) => {
      seen.questions.push(args.at(-1) as { message: string });
      return { response: seen.answer, checkboxChecked: false };
    }) as typeof dialog.showMessageBox;
  });
}

interface Seen {
  outside: string[];
  notes: { title: string; body: string; emit(event: string): void }[];
  progress: number[];
  questions: { message: string; buttons?: string[] }[];
  answer: number;
}

/** What was kept, but for the notifications themselves. */
function seenBy(desktop: Desktop): Promise<Omit<Seen, 'notes'> & { notes: { title: string; body: string }[] }> {
  return desktop.evaluate(() => {
    const { seen } = globalThis as unknown as { seen: Seen };
    return { ...seen, notes: seen.notes.map(({ title, body }) => ({ title, body })) };
  });
}

let person: Person;
let desktop: Desktop;
let page: Page;

beforeAll(async () => {
  await ensureBuilt();
  person = await Person.create();
  desktop = await openDesktop({ home: person.home });
  page = desktop.page;
  await watchSystem(desktop);
});
afterAll(async () => {
  await desktop?.kill();
  await person?.remove();
});

describe('the window', () => {
  it('shows the app from its own scheme, with nothing of Node in it', async () => {
    expect(await page.title()).toBe('Barnraiser');
    expect(page.url().startsWith(`${pageOrigin}/#/`)).toBe(true);
    expect(await inPage(page, 'return [typeof require, typeof process, window.isSecureContext]')).toEqual([
      'undefined',
      'undefined',
      true,
    ]);
  });

  it('gives the page a few functions and nothing else', async () => {
    expect(await inPage(page, 'return Object.keys(window.barnraiser).sort()')).toEqual([
      'call',
      'onEvent',
      'onMenu',
      'pathOf',
    ]);
  });

  it('carries a call to the app and its answer back', async () => {
    const answer = await inPage(page, "return window.barnraiser.call('app.info', {})");
    expect(answer).toMatchObject({ ok: true, value: { door: 'desktop', home: person.home } });
  });

  it('tells the page what happens, until it hears no more', async () => {
    const events = await inPage(
      page,
      `const heard = [];
       const stop = window.barnraiser.onEvent((event) => heard.push(event));
       await window.barnraiser.call('settings.update', { theme: 'dark' });
       while (heard.length === 0) await new Promise(requestAnimationFrame);
       stop();
       await window.barnraiser.call('settings.update', { theme: 'light' });
       await window.barnraiser.call('settings.get', {});
       return heard;`,
    );
    expect(events).toEqual([{ event: 'settings.changed', settings: expect.objectContaining({ theme: 'dark' }) }]);
    expect(await desktop.evaluate(({ nativeTheme }) => nativeTheme.themeSource)).toBe('light');
  });

  it('hands the commands of the menu to the page', async () => {
    await inPage(page, 'window.chosen = []; window.barnraiser.onMenu((command) => window.chosen.push(command))');
    await desktop.evaluate(({ Menu }) => Menu.getApplicationMenu()?.getMenuItemById('go:images')?.click());
    await until(page, 'window.chosen.length > 0');
    expect(await inPage(page, 'return window.chosen')).toEqual(['go:images']);
  });

  it('knows where a dropped folder is', async () => {
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
    await until(page, 'window.droppedAt !== undefined');
    expect(await inPage(page, 'return window.droppedAt')).toBe(folder);
    await rm(folder, { recursive: true });
  });

  it('opens a new build when the app is started again with a folder, and the second start ends', async () => {
    const folder = await makeProject({ Containerfile: 'FROM scratch\n' });
    expect(await startAgain({ home: person.home, folder })).toBe(0);
    await page.waitForURL((url) => new URLSearchParams(url.hash.split('?')[1]).get('context') === folder);
    expect(new URLSearchParams(new URL(page.url()).hash.split('?')[1]).get('sheet')).toBe('new-build');
    await rm(folder, { recursive: true });
  });

  it('offers to reload when the page has crashed', async () => {
    await desktop.evaluate(({ BrowserWindow }) => {
      Object.assign((globalThis as unknown as { seen: Seen }).seen, { answer: 0 });
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      contents?.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 5 });
    });
    await page.waitForEvent('load');
    await page.locator('main').first().waitFor();
    const { questions } = await seenBy(desktop);
    expect(questions.at(-1)).toMatchObject({
      message: expect.stringContaining('crashed'),
      buttons: ['Reload', 'Quit'],
    });
    await expect(readFile(join(person.home, 'desktop.log'), 'utf8')).resolves.toContain('crashed');
  });
});

describe('the lockdown', () => {
  let elsewhere: Server;
  let asked: string[];
  let address: string;
  beforeAll(async () => {
    asked = [];
    elsewhere = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.setHeader('access-control-allow-origin', '*').setHeader('content-type', 'text/html').end('elsewhere');
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const { port } = elsewhere.address() as AddressInfo;
    address = `http://127.0.0.1:${port}`;
  });
  afterAll(() => elsewhere.close());

  it('refuses to navigate away', async () => {
    const before = page.url();
    await inPage(page, `location.href = '${address}/away'`);
    // the page lives on: it still answers, and nobody was asked
    expect(await inPage(page, "return (await window.barnraiser.call('settings.get', {})).ok")).toBe(true);
    expect(page.url()).toBe(before);
    expect(asked).toEqual([]);
  });

  it('opens a link to a known site in the system’s browser, and no other', async () => {
    await inPage(page, `window.open('${address}/popup'); window.open('https://example.org/')`);
    await inPage(page, "window.open('https://docs.podman.io/en/latest/')");
    await soon(async () => expect((await seenBy(desktop)).outside).toEqual(['https://docs.podman.io/en/latest/']));
    await soon(async () =>
      expect(await desktop.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(1),
    );
    expect(asked).toEqual([]);
  });

  it('opens a log in a window of its own, as locked as the first', async () => {
    await inPage(page, "window.open('#/log/none/linux%2Famd64', 'log', 'popup,width=960,height=640')");
    await soon(() => expect(desktop.pages()).toHaveLength(2));
    const log = desktop.pages().find((candidate) => candidate !== page);
    expect(log && (await inPage(log, "return (await window.barnraiser.call('app.info', {})).ok"))).toBe(true);
    expect(log && (await inPage(log, 'return typeof require'))).toBe('undefined');
    await log?.close();
  });

  it('runs no inline script, asks no other host and shows no frame', async () => {
    const blocked = await inPage(
      page,
      `const blocked = [];
       const settled = new Promise((resolve) => addEventListener('securitypolicyviolation', (event) => {
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
       await settled;
       frame.remove();
       script.remove();
       return [blocked.sort(), window.inlineRan];`,
    );
    expect(blocked).toEqual([['connect-src', 'frame-src', 'script-src-elem'], undefined]);
    expect(asked).toEqual([]);
  });

  it('sends files of the page only', async () => {
    const answers = await inPage<unknown[]>(
      page,
      `const paths = ['/icon.svg', '/..%2fmain%2fmain.js', '/..%2f..%2fpackage.json', '/%2e%2e%2f%2e%2e%2fpackage.json',
         '/..%5c..%5cpackage.json', '/assets/..%2f..%2fpreload%2fpreload.cjs', '/%00', '/%', '/nothing.js'];
       const answers = [];
       for (const path of ['/index.html', ...paths.slice(1)]) {
         const response = await fetch(path);
         answers.push([path, response.status, (await response.text()).length > 200]);
       }
       return answers;`,
    );
    expect(answers[0]).toEqual(['/index.html', 200, true]);
    for (const answer of answers.slice(1)) {
      expect(answer).toEqual([expect.any(String), 404, false]);
    }
  });

  it('refuses a call that the contract does not know, and input that it does not allow', async () => {
    expect(await inPage(page, "return window.barnraiser.call('toString', {})")).toMatchObject({
      ok: false,
      problem: { code: 'input.invalid', message: expect.stringContaining('"toString"') },
    });
    expect(await inPage(page, "return window.barnraiser.call('builds.get', { id: 5 })")).toMatchObject({
      ok: false,
      problem: { code: 'input.invalid' },
    });
  });

  it('refuses calls from a page of elsewhere, even one that has the preload script', async () => {
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
    expect(answer).toMatchObject({ ok: false, problem: { message: 'Only the page of Barnraiser may ask it.' } });
    expect(asked).toContain('/with-preload');
  });
});

describe('with a farm', () => {
  let project: string;
  let from: string;
  let builder: Person;
  let window: Desktop;

  beforeAll(async () => {
    const lab = await theLab();
    from = lab.from;
    builder = await Person.create();
    await builder.connect(lab.node('amd-a'));
    project = await makeProject({});
    window = await openDesktop({ home: builder.home, env: { BARNRAISER_KNOWN_HOSTS: builder.knownHosts } });
    await watchSystem(window);
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
      `const begun = new Promise((resolve) => {
         const stop = window.barnraiser.onEvent(({ event }) => event === 'build.started' && resolve(stop()));
       });
       const answer = await window.barnraiser.call('builds.start', ${JSON.stringify(request)});
       if (answer.ok) await begun;
       return answer;`,
    );
    expect(answer.ok, JSON.stringify(answer)).toBe(true);
    return answer.value.id;
  }

  it('shows progress while it builds, and a notification that opens the build when nobody looks', async () => {
    await window.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getFocusedWindow = () => null;
    });
    const id = await startBuild('RUN true\nRUN true\n');
    await soon(async () => expect((await seenBy(window)).notes).not.toEqual([]), 60_000);
    const { notes, progress } = await seenBy(window);
    expect(notes).toEqual([{ title: 'desktop:1 is built', body: expect.stringMatching(/^1 platform in /) }]);
    expect(progress.length).toBeGreaterThan(2);
    expect(progress.at(-1)).toBe(-1);
    const rising = progress.slice(0, -1);
    expect(rising).toEqual(rising.toSorted((a, b) => a - b));
    await window.evaluate(() => (globalThis as unknown as { seen: Seen }).seen.notes[0]?.emit('click'));
    await window.page.waitForURL((url) => url.hash === `#/build/${id}`);
  });

  it('asks before it quits a running build, stays when that is refused, and else cancels it and ends', async () => {
    await startBuild('RUN sleep 600\n');
    await window.evaluate(({ app }) => app.quit());
    await soon(async () => expect((await seenBy(window)).questions).toHaveLength(1));
    const { questions } = await seenBy(window);
    expect(questions[0]).toMatchObject({
      message: '1 build is running. Quit and cancel it?',
      buttons: ['Quit and cancel', 'Keep it running'],
    });
    const running = await inPage(
      window.page,
      "return (await window.barnraiser.call('builds.list', {})).value[0].status",
    );
    expect(running).toBe('running');

    await window.evaluate(({ BrowserWindow }) => {
      Object.assign((globalThis as unknown as { seen: Seen }).seen, { answer: 0 });
      // as a person closes it
      BrowserWindow.getAllWindows()[0]?.close();
    });
    expect(await window.ended).toBe(0);
    const builds: unknown = JSON.parse(await builder.must('builds', '--json'));
    expect(builds).toMatchObject([{ status: 'cancelled' }, { status: 'done' }]);
  });

  it('comes back where it was', async () => {
    const state: unknown = JSON.parse(await readFile(join(builder.home, 'desktop', 'window.json'), 'utf8'));
    expect(state).toMatchObject({ width: expect.any(Number), maximised: false });
  });
});

it('opens with the folder that it is started with', async () => {
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

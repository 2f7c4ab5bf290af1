/** Electron's security checklist (electronjs.org/docs/latest/tutorial/security), item by item and in its order. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import electronPackage from 'electron/package.json' with { type: 'json' };
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { ensureBundled } from './bundle.ts';
import { type Desktop, openDesktop, pageOrigin, usesElectron } from './desktop-front-end.ts';
import { Person } from './harness.ts';

const root = resolve(import.meta.dirname, '..');

let person: Person;
let desktop: Desktop;
let page: Page;
/** A web site to which the app must not give anything, and the requests to it. */
let site: Server;
let siteUrl: string;
let requests: string[];

const inPage = <R>(target: Page, script: string): Promise<R> => target.evaluate<R>(`(async () => { ${script} })()`);

beforeAll(async () => {
  await ensureBundled();
  requests = [];
  site = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.setHeader('content-type', 'text/html').end('a web site');
  });
  await new Promise<void>((listening) => site.listen(0, '127.0.0.1', listening));
  siteUrl = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  person = await Person.create();
  desktop = await openDesktop({ home: person.home });
  page = desktop.page;
  // a second kind of window
  await inPage(page, "window.open('#/log/none/linux%2Famd64', 'log', 'popup')");
  await vi.waitFor(() => expect(desktop.pages()).toHaveLength(2), { timeout: 20_000 });
  await desktop.evaluate(({ shell }) => {
    const opened: string[] = [];
    Object.assign(globalThis, { opened });
    shell.openExternal = async (url) => void opened.push(url);
  });
});
afterAll(async () => {
  await desktop?.kill();
  await person?.remove();
  site?.close();
});

/** The preferences of all windows. */
function webPreferences(): Promise<Electron.WebPreferences[]> {
  return desktop.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows().map(({ webContents }) => {
      // exists, but is not in Electron's types
      const { getLastWebPreferences } = webContents as unknown as { getLastWebPreferences(): Electron.WebPreferences };
      return getLastWebPreferences.call(webContents);
    }),
  );
}

async function everyWindow(expected: Electron.WebPreferences): Promise<void> {
  const all = await webPreferences();
  expect(all).toHaveLength(2);
  for (const each of all) {
    expect(each).toMatchObject(expected);
  }
}

it('1. loads only its own files', async () => {
  expect(desktop.pages().map((each) => new URL(each.url()).origin)).toEqual(
    [pageOrigin, pageOrigin].map((url) => new URL(url).origin),
  );
  const origins = await inPage<string[]>(
    page,
    "return [...new Set(performance.getEntriesByType('resource').map(({ name }) => new URL(name).host))]",
  );
  expect(origins).toEqual([new URL(pageOrigin).host]);
});

it('2. does not integrate Node', async () => {
  await everyWindow({ nodeIntegration: false });
  for (const each of desktop.pages()) {
    expect(await inPage(each, 'return [typeof require, typeof process, typeof module, typeof Buffer]')).toEqual(
      Array(4).fill('undefined'),
    );
  }
});

it('3. isolates the context of the preload script', () => everyWindow({ contextIsolation: true }));

it('4. has the sandbox', () => everyWindow({ sandbox: true }));

it('5. answers every request for a permission itself, and grants only writing to the clipboard', async () => {
  if (usesElectron) {
    expect(await inPage(page, 'return Notification.requestPermission()')).toBe('denied');
    expect(
      await inPage(page, 'return navigator.mediaDevices.getUserMedia({ audio: true }).catch(({ name }) => name)'),
    ).toBe('NotAllowedError');
    return;
  }
  const granted = await desktop.evaluate((electron) => {
    const { permissionHandlers } = electron as unknown as typeof import('./electron-stand-in/system.ts');
    const permissions = [
      'clipboard-sanitized-write',
      'clipboard-read',
      'media',
      'geolocation',
      'notifications',
      'midi',
      'usb',
    ];
    const { request, check } = permissionHandlers;
    return ['app://barnraiser/', 'https://elsewhere.example/'].flatMap((requestingUrl) =>
      permissions.filter((permission) => {
        let isGranted: boolean | undefined;
        request?.(undefined, permission, (answer) => (isGranted = answer), { requestingUrl });
        return isGranted === true || check?.(undefined, permission, requestingUrl) === true;
      }),
    );
  });
  expect(granted).toEqual(['clipboard-sanitized-write']);
});

it('6. does not disable the security of the web', () => everyWindow({ webSecurity: true }));

it('7. has a content security policy', async () => {
  const policy = await inPage<string>(
    page,
    "return (await fetch('/index.html')).headers.get('content-security-policy')",
  );
  expect(policy).toContain("default-src 'none'; script-src 'self'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
});

it('8. to 10. enables no insecure content, no experimental features and no features of Blink', async () => {
  for (const each of await webPreferences()) {
    expect(each.allowRunningInsecureContent ?? false).toBe(false);
    expect(each.experimentalFeatures ?? false).toBe(false);
    expect(each.enableBlinkFeatures ?? '').toBe('');
  }
});

it('11. and 12. has no webview, and lets none be attached', async () => {
  for (const each of await webPreferences()) {
    expect(each.webviewTag ?? false).toBe(false);
  }
  const prevented = await desktop.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows().map(({ webContents }) => {
      let isPrevented = false;
      webContents.emit('will-attach-webview', { preventDefault: () => (isPrevented = true) }, {}, {});
      return isPrevented;
    }),
  );
  expect(prevented).toEqual([true, true]);
});

it('13. does not leave its page', async () => {
  for (const each of desktop.pages()) {
    const before = each.url();
    await inPage(each, `location.href = '${siteUrl}/away'`);
    await inPage(each, `location.href = 'file:///etc/passwd'`);
    expect(await inPage(each, "return (await window.barnraiser.call('settings.get', {})).ok")).toBe(true);
    expect(each.url()).toBe(before);
  }
  expect(requests).toEqual([]);
});

it('14. opens no windows but those of logs', async () => {
  await inPage(page, `window.open('${siteUrl}/popup'); window.open('#/settings'); window.open('about:blank')`);
  expect(await inPage(page, "return (await window.barnraiser.call('settings.get', {})).ok")).toBe(true);
  expect(await desktop.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length)).toBe(2);
  expect(requests).toEqual([]);
});

it('15. opens only known sites outside of the app', async () => {
  const links = [
    'https://docs.podman.io/',
    'https://evil.example/',
    'file:///etc/passwd',
    'smb://evil.example/x',
    'barnraiser://build/b1',
  ];
  await inPage(page, links.map((link) => `window.open('${link}');`).join(' '));
  const opened = (): Promise<string[]> =>
    desktop.evaluate(() => (globalThis as unknown as { opened: string[] }).opened);
  await vi.waitFor(async () => expect(await opened()).toEqual(['https://docs.podman.io/']), { timeout: 20_000 });
});

it('16. has one exact version of Electron, which is updated deliberately', () => {
  expect(packageJson.devDependencies.electron).toBe(electronPackage.version);
});

it('17. checks the sender of each message', async () => {
  const answer = await desktop.evaluate(
    async ({ BrowserWindow }, { url, preload }) => {
      const webPreferences = { preload, sandbox: true, contextIsolation: true, nodeIntegration: false };
      const window = new BrowserWindow({ show: false, webPreferences });
      await window.loadURL(url);
      const answer: unknown = await window.webContents.executeJavaScript("window.barnraiser.call('app.info', {})");
      window.destroy();
      return answer;
    },
    { url: `${siteUrl}/with-preload`, preload: join(root, 'out', 'preload', 'preload.cjs') },
  );
  expect(answer).toMatchObject({ ok: false, problem: { message: 'Only the page of Barnraiser can call the app.' } });
});

it('18. uses a scheme of its own instead of file:', async () => {
  expect(page.url()).not.toMatch(/^file:/);
  const file = join(root, 'package.json');
  expect(await inPage(page, `return fetch('file://${file}').then(() => 'read', () => 'refused')`)).toBe('refused');
});

it('19. has the fuses of a packaged app, and packs the AppArmor profile for its sandbox', async () => {
  const [, fuses = ''] =
    /\nelectronFuses:\n((?: {2}.+\n)+)/.exec(await readFile(join(root, 'electron-builder.yml'), 'utf8')) ?? [];
  expect(
    Object.fromEntries(
      fuses
        .trim()
        .split('\n')
        .map((line) => line.trim().split(': ')),
    ),
  ).toEqual({
    runAsNode: 'false',
    enableCookieEncryption: 'true',
    enableNodeOptionsEnvironmentVariable: 'false',
    enableNodeCliInspectArguments: 'false',
    enableEmbeddedAsarIntegrityValidation: 'true',
    onlyLoadAppFromAsar: 'true',
    grantFileProtocolExtraPrivileges: 'false',
  });
  const templates = join(root, 'node_modules', 'app-builder-lib', 'templates', 'linux');
  expect(await readFile(join(templates, 'apparmor-profile.tpl'), 'utf8')).toMatch(/flags=\(unconfined\) \{\s+userns,/);
  expect(await readFile(join(templates, 'after-install.tpl'), 'utf8')).toContain('apparmor_parser --replace');
});

it('20. exposes no API of Electron to the page', async () => {
  const exposed = await inPage<[string, string][]>(
    page,
    'return Object.entries(window.barnraiser).map(([name, value]) => [name, typeof value])',
  );
  expect(exposed.sort()).toEqual(
    ['call', 'cancel', 'onEvent', 'onMenu', 'pathOf', 'showItem'].map((name) => [name, 'function']),
  );
  // what a listener gets is data, without an event whose sender has every channel
  const received = await inPage<unknown[]>(
    page,
    `const received = new Promise((resolve) => {
       const stop = window.barnraiser.onEvent((...message) => { stop(); resolve(message); });
     });
     await window.barnraiser.call('settings.update', { theme: 'dark' });
     return received;`,
  );
  expect(received).toEqual([{ event: 'settings.changed', settings: expect.anything() }, expect.any(Number)]);
});

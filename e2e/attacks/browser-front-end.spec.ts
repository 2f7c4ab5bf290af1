/** Other users and other servers of this computer at the browser front end. */
import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ensureBundled } from '../bundle.ts';
import { chromiumFlags, ensureChromium, launchChromium } from '../chromium.ts';
import { type BrowserFrontEnd, Home, openBrowserFrontEnd } from '../pages/browser-front-end.ts';
import { canBecomeOtherUser, startAsOtherUser } from './testing/other-user.ts';

const root = resolve(import.meta.dirname, '..', '..');

describe.skipIf(!canBecomeOtherUser)('another user of this computer', () => {
  let home: Home;
  beforeAll(async () => {
    await ensureBundled();
    home = await Home.create();
  });
  afterAll(() => home?.remove());

  it('finds nothing in the process list that opens the app, while its window opens', async () => {
    // the person's browser, without a display
    const bin = join(home.folder, 'bin');
    await mkdir(bin);
    const program = `#!/bin/sh\nexec ${await ensureChromium()} ${[...chromiumFlags, '--headless=new', '--remote-debugging-port=0'].join(' ')} "$@"\n`;
    await writeFile(join(bin, 'chromium'), program);
    await chmod(join(bin, 'chromium'), 0o755);

    const attacker = await startAsOtherUser('enter-as-other-user.mjs');
    const app = spawn(process.execPath, [join(root, 'out', 'main', 'browser.cjs')], {
      env: { ...home.env, PATH: `${bin}:${home.env.PATH}` },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const ended = new Promise((end) => app.once('exit', end));
    let browser: Browser | undefined;
    try {
      const page = await vi.waitFor(
        async () => {
          const file = join(home.env.BARNRAISER_HOME ?? '', 'browser-profile', 'DevToolsActivePort');
          browser ??= await chromium.connectOverCDP(
            `http://127.0.0.1:${(await readFile(file, 'utf8')).split('\n')[0]}`,
          );
          const pages = browser.contexts().flatMap((context) => context.pages());
          return pages.find((candidate) => /^http:\/\/127\.0\.0\.1:\d+\/#\//.test(candidate.url())) ?? expect.fail();
        },
        { timeout: 60_000, interval: 100 },
      );
      await page.getByRole('heading').first().waitFor();
    } finally {
      const got = await attacker.end();
      await browser?.close();
      app.kill();
      await ended;
      expect(
        got
          .trim()
          .split('\n')
          .filter((line) => !line.startsWith('page ')),
      ).toEqual(['ready']);
      expect(got).toContain('page ');
    }
  });
});

describe('other servers of this computer', () => {
  let home: Home;
  let app: BrowserFrontEnd;
  let browser: Browser;
  let page: Page;
  let other: Server;
  let otherUrl: string;
  let cookies: (string | undefined)[];

  beforeAll(async () => {
    home = await Home.create();
    app = await openBrowserFrontEnd(home);
    browser = await launchChromium();
    page = await (await browser.newContext()).newPage();
    await page.goto(app.url);
    await page.locator('main').waitFor();
    cookies = [];
    other = createServer((request, response) => {
      cookies.push(request.headers.cookie);
      response.setHeader('set-cookie', 'barnraiser=evil; Path=/').setHeader('content-type', 'text/html').end('other');
    });
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
    otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
  });
  afterAll(async () => {
    other?.close();
    await browser?.close();
    await app?.close();
    await home?.remove();
  });

  it('get no cookie, and cannot lock the page out', async () => {
    const tab = await page.context().newPage();
    await tab.goto(otherUrl);
    // the browser may ask for an icon, too, with the cookie that this server has just set
    expect(cookies.filter((cookie) => cookie !== 'barnraiser=evil')).toEqual([undefined]);
    await tab.close();
    await page.reload();
    await page.locator('main').waitFor();
    expect(await page.getByText('has no access').count()).toBe(0);
  });

  it('cannot lead to a view of the app or embed it', async () => {
    const origin = new URL(app.url).origin;
    const tab = await page.context().newPage();
    await tab.goto(otherUrl);
    await tab.setContent(`<a href="${origin}/#/settings">go</a><iframe src="${origin}/enter.html"></iframe>`);
    await tab.getByText('go').click();
    await tab.getByText('accepts requests from its own pages only').waitFor();
    await tab.close();
  });

  it('do not get an answer from the app by any request of their pages', async () => {
    const origin = new URL(app.url).origin;
    const tab = await page.context().newPage();
    await tab.goto(otherUrl);
    const answers = await tab.evaluate<unknown[]>(`Promise.all([
      fetch('${origin}/call/app.info', { method: 'POST', body: '{}', mode: 'no-cors' }),
      fetch('${origin}/call/app.info', { method: 'POST', body: '{}', headers: { authorization: 'Bearer x' } }),
      fetch('${origin}/events', { credentials: 'include' }),
      fetch('${origin}/enter', { method: 'POST', body: '{}' }),
    ].map((request) => request.then((response) => response.text(), () => 'no answer')))`);
    // an opaque response has no text
    expect(answers).toEqual([expect.stringMatching(/^(no answer|)$/), 'no answer', 'no answer', 'no answer']);
    await tab.close();
  });
});

describe('the address that the app prints', () => {
  let home: Home;
  let app: BrowserFrontEnd;
  let browser: Browser;
  beforeAll(async () => {
    home = await Home.create();
    app = await openBrowserFrontEnd(home);
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
    await home?.remove();
  });

  it('works once: then the page works after a reload and in other tabs of the same browser, and in no other browser', async () => {
    const context = await browser.newContext();
    const first = await context.newPage();
    await first.goto(app.url);
    await first.locator('main').waitFor();
    expect(first.url()).not.toContain('token');
    await first.reload();
    await first.locator('main').waitFor();

    const address = new URL('/#/settings', app.url).href;
    const second = await context.newPage();
    await second.goto(address);
    await second.getByRole('heading', { name: 'Settings' }).first().waitFor();
    // the token is spent, and the browser has access
    const third = await context.newPage();
    await third.goto(app.url);
    await third.locator('main').waitFor();

    const other = await (await browser.newContext()).newPage();
    await other.goto(app.url);
    await other.getByText('has no access').waitFor();
    expect(other.url()).not.toContain('token');
    await other.goto(address);
    await other.getByText('This page has no access to Barnraiser.').waitFor();
    await context.close();
  });

  it('is another one each time that the app is started again, and both work', async () => {
    const again = await openBrowserFrontEnd(home);
    expect(again.url).not.toBe(app.url);
    expect(new URL(again.url).origin).toBe(new URL(app.url).origin);
    const page = await (await browser.newContext()).newPage();
    await page.goto(again.url);
    await page.locator('main').waitFor();
    await again.close();
  });
});

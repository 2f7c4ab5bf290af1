import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppEvent, CallName } from '../../shared/contract.ts';
import { type BrowserServer, startServer } from './server.ts';

let folder: string;
let server: BrowserServer;
let asked: { name: CallName; input: unknown }[];
let listeners: Set<(event: AppEvent) => void>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-browser-'));
  const page = join(folder, 'page');
  await mkdir(join(page, 'assets'), { recursive: true });
  await writeFile(join(page, 'index.html'), '<title>page</title>');
  await writeFile(join(page, 'assets', 'app-1f0c.js'), 'let x;');
  await writeFile(join(folder, 'secret.html'), 'secret');
  await symlink(join(folder, 'secret.html'), join(page, 'way-out.html'));
  asked = [];
  listeners = new Set();
  server = await startServer(
    {
      call: async (name, input) => {
        asked.push({ name, input });
        return { ok: true, value: { answer: name } };
      },
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    page,
  );
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Request {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Sends exactly this path and these headers, which `fetch` would tidy up. */
function send(path: string, { method = 'GET', headers = {}, body }: Request = {}): Promise<Answer> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

const origin = (): string => new URL(server.url).origin;

/** Enters as the window does and gives the headers of its page's requests. */
async function enter(): Promise<Record<string, string>> {
  const { pathname, search } = new URL(server.url);
  const answer = await send(`${pathname}${search}`);
  const cookie = answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  return { cookie, origin: origin(), 'content-type': 'application/json' };
}

describe('the gate', () => {
  it('gives a cookie that scripts cannot read for the token, and sends the browser on to an address without it', async () => {
    const { pathname, search } = new URL(server.url);
    const answer = await send(`${pathname}${search}`);
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe('/');
    expect(answer.headers['set-cookie']?.[0]).toMatch(/^barnraiser=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/);
    expect((await send('/', { headers: await enter() })).status).toBe(403);
  });

  it('takes the token only once', async () => {
    const { pathname, search } = new URL(server.url);
    expect((await send(`${pathname}${search}`)).status).toBe(303);
    const second = await send(`${pathname}${search}`);
    expect(second.status).toBe(403);
    expect(second.headers['set-cookie']).toBeUndefined();
  });

  it('refuses everything without the cookie, or with another', async () => {
    const stranger = { cookie: `barnraiser=${'x'.repeat(43)}`, origin: origin(), 'content-type': 'application/json' };
    for (const headers of [{ ...stranger, cookie: '' }, stranger]) {
      expect((await send('/', { headers })).status).toBe(403);
      expect((await send('/events', { headers })).status).toBe(403);
      expect((await send('/call/app.info', { method: 'POST', headers, body: '{}' })).status).toBe(403);
    }
    expect(asked).toEqual([]);
  });

  it('refuses another Host, as a page sends whose name was rebound to this computer', async () => {
    const headers = await enter();
    const port = new URL(server.url).port;
    for (const host of ['evil.example', `evil.example:${port}`, `localhost:${port}`]) {
      expect((await send('/', { headers: { ...headers, host } })).status).toBe(403);
    }
    expect((await send('/', { headers })).status).toBe(200);
  });

  it('refuses another Origin, and a call without one', async () => {
    const headers = await enter();
    const call = { method: 'POST', body: '{}' };
    expect(
      (await send('/call/app.info', { ...call, headers: { ...headers, origin: 'https://evil.example' } })).status,
    ).toBe(403);
    expect((await send('/call/app.info', { ...call, headers: { ...headers, origin: 'null' } })).status).toBe(403);
    const { origin: _, ...without } = headers;
    expect((await send('/call/app.info', { ...call, headers: without })).status).toBe(403);
    expect((await send('/events', { headers: { ...without, 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    expect(asked).toEqual([]);
  });
});

describe('the page', () => {
  it('has a strict content security policy, also where it is refused', async () => {
    const headers = await enter();
    const page = await send('/', { headers });
    expect(page.body).toBe('<title>page</title>');
    for (const answer of [page, await send('/'), await send('/nothing', { headers })]) {
      const policy = answer.headers['content-security-policy'];
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    }
  });

  it('may be kept by the browser only where its name says its content', async () => {
    const headers = await enter();
    expect((await send('/', { headers })).headers['cache-control']).toBe('no-store');
    expect((await send('/assets/app-1f0c.js', { headers })).headers['cache-control']).toContain('immutable');
  });

  it('gives nothing from outside its folder', async () => {
    const headers = await enter();
    for (const path of [
      '/../secret.html',
      '/%2e%2e/secret.html',
      '/..%2fsecret.html',
      '/assets/../../secret.html',
      '/way-out.html',
      '/%00',
      '/%',
      '/assets',
      '//etc/hostname',
    ]) {
      const answer = await send(path, { headers });
      expect({ path, status: answer.status }).toEqual({ path, status: 404 });
      expect(answer.body).not.toContain('secret');
    }
  });
});

describe('calls and events', () => {
  it('hands a call with its input to the app and its result back', async () => {
    const headers = await enter();
    const answer = await send('/call/builds.get', { method: 'POST', headers, body: '{"id":"x"}' });
    expect(JSON.parse(answer.body)).toEqual({ ok: true, value: { answer: 'builds.get' } });
    expect(asked).toEqual([{ name: 'builds.get', input: { id: 'x' } }]);
  });

  it('answers what is no call with a problem and asks the app nothing', async () => {
    const headers = await enter();
    const call = (name: string, body: string, more = {}): Promise<Answer> =>
      send(`/call/${name}`, { method: 'POST', headers: { ...headers, ...more }, body });
    const answers = [
      await call('constructor', '{}'),
      await call('app.info', '{'),
      await call('app.info', '{}', { 'content-type': 'text/plain' }),
      await call('app.info', `"${'x'.repeat(16 * 1024 * 1024)}"`),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 400, 415, 413]);
    for (const { body } of answers) {
      expect(JSON.parse(body)).toMatchObject({ ok: false, problem: { code: 'input.invalid' } });
    }
    expect(asked).toEqual([]);
  });

  it('streams events as they come, and stops listening when the page has gone', async () => {
    const headers = await enter();
    const { hostname, port } = new URL(server.url);
    const event: AppEvent = { event: 'question.settled', id: 'q1' };
    const text = await new Promise<string>((resolve, reject) => {
      const request = httpRequest({ hostname, port, path: '/events', headers }, (response) => {
        let seen = '';
        response.on('data', (chunk: Buffer) => {
          seen += chunk.toString();
          if (seen.includes('event: beat') && !seen.includes('data: {')) {
            for (const listener of listeners) {
              listener(event);
            }
          } else if (seen.includes('data: {')) {
            request.destroy();
            resolve(seen);
          }
        });
      });
      request.on('error', reject);
      request.end();
    });
    expect(text).toContain(`data: ${JSON.stringify(event)}\n\n`);
    await expect.poll(() => listeners.size).toBe(0);
  });

  it('closes although a page still listens', async () => {
    const headers = await enter();
    const { hostname, port } = new URL(server.url);
    const cut = new Promise<void>((resolve) => {
      const request = httpRequest({ hostname, port, path: '/events', headers }, (response) => {
        response.on('close', () => resolve());
        response.on('error', () => {});
        response.once('data', () => void server.close());
      });
      request.on('error', () => {});
      request.end();
    });
    await cut;
    expect(listeners.size).toBe(0);
  });
});

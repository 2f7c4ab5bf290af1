import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppEvent, CallName } from '../../shared/contract.ts';
import { type BrowserServer, startServer } from './server.ts';

let folder: string;
let server: BrowserServer;
let receivedCalls: { name: CallName; input: unknown }[];
let listeners: Set<(event: AppEvent, seq: number) => void>;
let signals: AbortSignal[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'barnraiser-browser-'));
  const page = join(folder, 'page');
  await mkdir(join(page, 'assets'), { recursive: true });
  await writeFile(join(page, 'index.html'), '<title>page</title>');
  await writeFile(join(page, 'assets', 'app-1f0c.js'), 'let x;');
  await writeFile(join(folder, 'secret.html'), 'secret');
  await symlink(join(folder, 'secret.html'), join(page, 'link-to-secret.html'));
  receivedCalls = [];
  listeners = new Set();
  signals = [];
  server = await startServer(
    {
      call: async (name, input, { signal } = {}) => {
        receivedCalls.push({ name, input });
        signals.push(signal ?? expect.fail('no signal'));
        if (name === 'builds.preview') {
          await new Promise((resolve) => signal?.addEventListener('abort', resolve));
        }
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

/** Sends exactly this path and these headers. `fetch` would normalize them. */
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

/** Signs in like the window and returns the headers of its requests. */
async function signIn(url = server.url): Promise<Record<string, string>> {
  const { pathname, search } = new URL(url);
  const answer = await send(`${pathname}${search}`);
  const cookie = answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  return { cookie, origin: origin(), 'content-type': 'application/json' };
}

describe('access control', () => {
  it('exchanges the token for an HttpOnly cookie and redirects to an address without the token', async () => {
    const { pathname, search } = new URL(server.url);
    const answer = await send(`${pathname}${search}`);
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe('/');
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      /^barnraiser-[0-9a-f]{12}=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/,
    );
    expect((await send('/', { headers: await signIn() })).status).toBe(403);
  });

  it('accepts the token only once', async () => {
    const { pathname, search } = new URL(server.url);
    expect((await send(`${pathname}${search}`)).status).toBe(303);
    const second = await send(`${pathname}${search}`);
    expect(second.status).toBe(403);
    expect(second.headers['set-cookie']).toBeUndefined();
  });

  it('gives each window an entry URL of its own, and none shuts out another', async () => {
    const first = await signIn();
    const second = await signIn(server.createEntryUrl());
    for (const headers of [first, second]) {
      expect((await send('/', { headers })).status).toBe(200);
    }
  });

  it('has a cookie of another name than other servers, because browsers send cookies to every port', async () => {
    const other = await startServer({ call: async () => ({ ok: true, value: {} }), subscribe: () => () => {} }, folder);
    const { pathname, search } = new URL(other.url);
    const answer = await fetch(new URL(`${pathname}${search}`, other.url), { redirect: 'manual' });
    const name = (cookie: string | null | undefined): string => (cookie ?? '').split('=', 1)[0] ?? '';
    expect(name(answer.headers.get('set-cookie'))).not.toBe(name((await signIn()).cookie));
    await other.close();
  });

  it('denies every request without the cookie or with a wrong cookie', async () => {
    const wrongCookie = {
      cookie: `barnraiser=${'x'.repeat(43)}`,
      origin: origin(),
      'content-type': 'application/json',
    };
    for (const headers of [{ ...wrongCookie, cookie: '' }, wrongCookie]) {
      expect((await send('/', { headers })).status).toBe(403);
      expect((await send('/events', { headers })).status).toBe(403);
      expect((await send('/call/app.info', { method: 'POST', headers, body: '{}' })).status).toBe(403);
    }
    expect(receivedCalls).toEqual([]);
  });

  it('denies requests with another Host, which a page with a rebound DNS name sends', async () => {
    const headers = await signIn();
    const port = new URL(server.url).port;
    for (const host of ['evil.example', `evil.example:${port}`, `localhost:${port}`]) {
      expect((await send('/', { headers: { ...headers, host } })).status).toBe(403);
    }
    expect((await send('/', { headers })).status).toBe(200);
  });

  it('denies requests from another Origin, and calls without an Origin', async () => {
    const headers = await signIn();
    const call = { method: 'POST', body: '{}' };
    expect(
      (await send('/call/app.info', { ...call, headers: { ...headers, origin: 'https://evil.example' } })).status,
    ).toBe(403);
    expect((await send('/call/app.info', { ...call, headers: { ...headers, origin: 'null' } })).status).toBe(403);
    const { origin: _, ...without } = headers;
    expect((await send('/call/app.info', { ...call, headers: without })).status).toBe(403);
    expect((await send('/events', { headers: { ...without, 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    expect(receivedCalls).toEqual([]);
  });
});

describe('the page', () => {
  it('has a strict content security policy, even in denied responses', async () => {
    const headers = await signIn();
    const page = await send('/', { headers });
    expect(page.body).toBe('<title>page</title>');
    for (const answer of [page, await send('/'), await send('/nothing', { headers })]) {
      const policy = answer.headers['content-security-policy'];
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    }
  });

  it('may be cached only if the file name contains a hash of the content', async () => {
    const headers = await signIn();
    expect((await send('/', { headers })).headers['cache-control']).toBe('no-store');
    expect((await send('/assets/app-1f0c.js', { headers })).headers['cache-control']).toContain('immutable');
  });

  it('serves no file outside its folder', async () => {
    const headers = await signIn();
    for (const path of [
      '/../secret.html',
      '/%2e%2e/secret.html',
      '/..%2fsecret.html',
      '/assets/../../secret.html',
      '/link-to-secret.html',
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
  it('passes calls with their input to the app and returns the result', async () => {
    const headers = await signIn();
    const answer = await send('/call/builds.get', { method: 'POST', headers, body: '{"id":"x"}' });
    expect(JSON.parse(answer.body)).toEqual({ ok: true, value: { answer: 'builds.get' } });
    expect(receivedCalls).toEqual([{ name: 'builds.get', input: { id: 'x' } }]);
  });

  it('cancels a call when the page no longer waits for it', async () => {
    const headers = await signIn();
    const { hostname, port } = new URL(server.url);
    const request = httpRequest({ hostname, port, path: '/call/builds.preview', method: 'POST', headers });
    request.on('error', () => {});
    request.end('{}');
    await expect.poll(() => signals.length).toBe(1);
    expect(signals[0]?.aborted).toBe(false);
    request.destroy();
    await expect.poll(() => signals[0]?.aborted).toBe(true);
    await send('/call/app.info', { method: 'POST', headers, body: '{}' });
    expect(signals[1]?.aborted).toBe(false);
  });

  it('answers an invalid call with a problem, without calling the app', async () => {
    const headers = await signIn();
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
    expect(receivedCalls).toEqual([]);
  });

  it('streams events and unsubscribes when the page disconnects', async () => {
    const headers = await signIn();
    const { hostname, port } = new URL(server.url);
    const event: AppEvent = { event: 'question.closed', id: 'q1' };
    const text = await new Promise<string>((resolve, reject) => {
      const request = httpRequest({ hostname, port, path: '/events', headers }, (response) => {
        let seen = '';
        response.on('data', (chunk: Buffer) => {
          seen += chunk.toString();
          if (seen.includes('event: heartbeat') && !seen.includes('data: {')) {
            for (const listener of listeners) {
              listener(event, 7);
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
    expect(text).toContain(`id: 7\ndata: ${JSON.stringify(event)}\n\n`);
    await expect.poll(() => listeners.size).toBe(0);
  });

  it('closes even while a page is connected to the event stream', async () => {
    const headers = await signIn();
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

it('does not start on a port that is in use', async () => {
  const port = Number(new URL(server.url).port);
  const app = { call: async () => ({ ok: true as const, value: {} }), subscribe: () => () => {} };
  await expect(startServer(app, folder, port)).rejects.toMatchObject({
    problem: { code: 'input.invalid', message: `Port ${port} is in use.` },
  });
});

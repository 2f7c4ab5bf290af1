import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { AppEvent, CallName } from '../../shared/contract.ts';
import { AccessControl } from './access-control.ts';
import { type BrowserServer, startServer } from './server.ts';

let folder: string;
let server: BrowserServer;
let receivedCalls: { name: CallName; input: unknown }[];
let listeners: Set<(event: AppEvent, seq: number) => void>;
let signals: AbortSignal[];
let theme: string;
let farms: unknown[];

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
  theme = 'system';
  farms = [{ name: 'home', connections: [] }];
  server = await startServer(
    {
      call: async (name, input, { signal } = {}) => {
        if (name === 'settings.get') {
          return { ok: true, value: { theme } };
        }
        if (name === 'farms.list') {
          return { ok: true, value: { farms } };
        }
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

/** Enters like the window and returns the headers of its requests. */
async function enter(url = server.url): Promise<Record<string, string>> {
  const { secret } = z.object({ secret: z.string() }).parse(JSON.parse((await exchange(url)).body));
  return { authorization: `Bearer ${secret}`, origin: origin(), 'content-type': 'application/json' };
}

/** Sends the token of an entry URL, as its page does. */
function exchange(url: string, headers: Record<string, string> = { origin: origin() }): Promise<Answer> {
  const token = new URLSearchParams(new URL(url).hash.slice(1)).get('token');
  return send('/enter', { method: 'POST', headers, body: JSON.stringify({ token }) });
}

describe('access control', () => {
  it('exchanges the token of an entry URL for a secret, and keeps the token out of what browsers send', async () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/enter\.html#token=[\w-]{43}$/);
    const answer = await exchange(server.url);
    expect(answer.status).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(JSON.parse(answer.body)).toEqual({ secret: expect.stringMatching(/^[\w-]{43}$/) });
  });

  it('accepts the token only once', async () => {
    expect((await exchange(server.url)).status).toBe(200);
    const second = await exchange(server.url);
    expect(second.status).toBe(403);
    expect(second.body).not.toContain('secret');
  });

  it('accepts the token only within ten minutes', () => {
    let nowMs = 0;
    const control = new AccessControl('127.0.0.1:1', () => nowMs);
    const tokenOf = (url: string): string => url.split('token=', 2)[1] ?? '';
    const [first, second] = [tokenOf(control.createEntryUrl()), tokenOf(control.createEntryUrl())];
    nowMs = 10 * 60_000 - 1;
    expect(control.exchange(first)).toBeDefined();
    nowMs += 1;
    expect(control.exchange(second)).toBeUndefined();
  });

  it('gives each window an entry URL of its own with a route, and none shuts out another', async () => {
    const first = await enter();
    const url = server.createEntryUrl('#/images');
    expect(url).toMatch(/#token=[\w-]{43}#\/images$/);
    const second = await enter(url.replace('#/images', ''));
    for (const headers of [first, second]) {
      expect((await send('/call/app.info', { method: 'POST', headers, body: '{}' })).status).toBe(200);
    }
  });

  it('sets no cookie, which browsers would send to other servers of this computer, and accepts none', async () => {
    const { authorization = '', ...headers } = await enter();
    const secret = authorization.replace('Bearer ', '');
    const answers = await Promise.all([
      exchange(server.createEntryUrl()),
      send('/', {}),
      send('/call/app.info', { method: 'POST', headers: { ...headers, cookie: `barnraiser=${secret}` }, body: '{}' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 401]);
    for (const answer of answers) {
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
  });

  it('denies calls and events without the secret or with a wrong one', async () => {
    const headers = await enter();
    const wrong = `Bearer ${'x'.repeat(43)}`;
    for (const authorization of [
      '',
      wrong,
      `Basic ${headers.authorization}`,
      (headers.authorization ?? '').slice(0, -1),
    ]) {
      const denied = { ...headers, authorization };
      expect((await send('/events', { headers: denied })).status).toBe(401);
      expect((await send('/call/app.info', { method: 'POST', headers: denied, body: '{}' })).status).toBe(401);
    }
    expect(receivedCalls).toEqual([]);
  });

  it('answers everything that is no valid entry with 403', async () => {
    const headers = { origin: origin() };
    for (const body of ['', '{', 'null', '[]', '{"token":5}', '{"token":""}', `{"token":"${'x'.repeat(2_000)}"}`]) {
      expect([body.slice(0, 20), (await send('/enter', { method: 'POST', headers, body })).status]).toEqual([
        body.slice(0, 20),
        403,
      ]);
    }
    expect((await exchange(server.url, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await exchange(server.url)).status).toBe(200);
  });

  it('lets other sites and files lead to the entry page only, and embed nothing', async () => {
    const opened = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect((await send('/enter.html', { headers: opened })).status).toBe(200);
    expect((await send('/', { headers: opened })).status).toBe(403);
    expect((await send('/enter.html', { headers: { ...opened, 'sec-fetch-dest': 'iframe' } })).status).toBe(403);
    const script = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' };
    expect((await send('/assets/app-1f0c.js', { headers: script })).status).toBe(403);
    expect((await send('/', { headers: { 'sec-fetch-site': 'none' } })).status).toBe(200);
  });

  it('denies requests with another Host, which a page with a rebound DNS name sends', async () => {
    const headers = await enter();
    const port = new URL(server.url).port;
    for (const host of ['evil.example', `evil.example:${port}`, `localhost:${port}`]) {
      expect((await send('/', { headers: { ...headers, host } })).status).toBe(403);
    }
    expect((await send('/', { headers })).status).toBe(200);
  });

  it('denies requests from another Origin, and calls without an Origin', async () => {
    const headers = await enter();
    const call = { method: 'POST', body: '{}' };
    expect(
      (await send('/call/app.info', { ...call, headers: { ...headers, origin: 'https://evil.example' } })).status,
    ).toBe(403);
    expect((await send('/call/app.info', { ...call, headers: { ...headers, origin: 'null' } })).status).toBe(403);
    const { origin: _, ...without } = headers;
    expect((await send('/call/app.info', { ...call, headers: without })).status).toBe(403);
    expect((await send('/events', { headers: { ...without, 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    expect((await send('/call/app.info', { ...call, method: 'OPTIONS', headers })).status).toBe(405);
    expect(receivedCalls).toEqual([]);
  });
});

describe('the page', () => {
  it('has a strict content security policy, even in denied responses', async () => {
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

  it('may be cached only if the file name contains a hash of the content', async () => {
    const headers = await enter();
    expect((await send('/', { headers })).headers['cache-control']).toBe('no-store');
    expect((await send('/assets/app-1f0c.js', { headers })).headers['cache-control']).toContain('immutable');
  });

  it.each([
    ['dark', '<html data-theme="dark" lang="en">'],
    ['system', '<html lang="en">'],
    ['"><script>', '<html lang="en">'],
  ])('has the theme %s of the settings from its first frame on', async (chosen, start) => {
    theme = chosen;
    await writeFile(join(folder, 'page', 'index.html'), '<html lang="en"></html>');
    const { headers, body } = await send('/');
    expect(body).toBe(`${start}</html>`);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
  });

  it('says in itself that there is no farm, so that it loads the right view', async () => {
    farms = [];
    await writeFile(join(folder, 'page', 'index.html'), '<html lang="en"></html>');
    expect((await send('/')).body).toBe('<html data-view="first-start" lang="en"></html>');
    expect((await send('/enter.html')).body).toBe('<html data-view="first-start" lang="en"></html>');
  });

  it('serves no file outside its folder', async () => {
    const headers = await enter();
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
    const headers = await enter();
    const answer = await send('/call/builds.get', { method: 'POST', headers, body: '{"id":"x"}' });
    expect(JSON.parse(answer.body)).toEqual({ ok: true, value: { answer: 'builds.get' } });
    expect(receivedCalls).toEqual([{ name: 'builds.get', input: { id: 'x' } }]);
  });

  it('cancels a call when the page no longer waits for it', async () => {
    const headers = await enter();
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

  it('runs a call once that the page sends again since it got no answer', async () => {
    const headers = { ...(await enter()), 'idempotency-key': 'f0c1' };
    const { hostname, port } = new URL(server.url);
    const lost = httpRequest({ hostname, port, path: '/call/builds.preview', method: 'POST', headers });
    lost.on('error', () => {});
    lost.end('{}');
    await expect.poll(() => signals.length).toBe(1);
    lost.destroy();
    await expect.poll(() => signals[0]?.aborted).toBe(true);
    const answer = await send('/call/builds.preview', { method: 'POST', headers, body: '{}' });
    expect(JSON.parse(answer.body)).toEqual({ ok: true, value: { answer: 'builds.preview' } });
    expect(receivedCalls).toHaveLength(1);
    // and nothing of it is kept when the page has the answer
    await send('/call/app.info', { method: 'POST', headers, body: '{}' });
    expect(receivedCalls.at(-1)).toEqual({ name: 'app.info', input: {} });
  });

  it('answers an invalid call with a problem, without calling the app', async () => {
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
    expect(receivedCalls).toEqual([]);
  });

  it('streams events and unsubscribes when the page disconnects', async () => {
    const headers = await enter();
    const { hostname, port } = new URL(server.url);
    const event: AppEvent = { event: 'question.closed', id: 'q1' };
    const text = await new Promise<string>((resolve, reject) => {
      const request = httpRequest({ hostname, port, path: '/events', headers }, (response) => {
        let seen = '';
        response.on('data', (chunk: Buffer) => {
          seen += chunk.toString();
          if (seen === '\n') {
            for (const listener of listeners) {
              listener(event, 7);
            }
          } else if (seen.includes('"seq"')) {
            request.destroy();
            resolve(seen);
          }
        });
      });
      request.on('error', reject);
      request.end();
    });
    expect(
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    ).toEqual([{ seq: 7, event }]);
    await expect.poll(() => listeners.size).toBe(0);
  });

  it('closes even while a page is connected to the event stream', async () => {
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

describe('malformed requests', () => {
  /** Sends bytes over a new connection and resolves with the first line of the response and all of it. */
  function sendRaw(text: string): Promise<{ status: string; all: string }> {
    const { hostname, port } = new URL(server.url);
    return new Promise((resolve) => {
      const socket = connect(Number(port), hostname);
      let all = '';
      socket.setEncoding('latin1').on('data', (part: string) => {
        all += part;
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve({ status: all.split('\r\n', 1)[0] ?? '', all }));
      socket.end(text, 'latin1');
    });
  }

  it('are answered with 4xx or not at all, and never with a detail', async () => {
    const host = new URL(server.url).host;
    const targets = [
      '//[',
      '//[::1',
      '/%',
      '/%ff%fe',
      'http://[',
      'http://evil.example/',
      '*',
      '?',
      '',
      '/\\..\\',
      '/a b',
      '/\xe9',
    ];
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'CONNECT', 'TRACE', 'get', 'G\0T', ''];
    const requests = methods.flatMap((method) =>
      targets.map((target) => `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`),
    );
    requests.push(
      'GET / HTTP/1.1\r\nhost: [\r\nconnection: close\r\n\r\n',
      'GET / HTTP/1.1\r\nconnection: close\r\n\r\n',
      `GET /events HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer \xff\xfe\r\nconnection: close\r\n\r\n`,
      `POST /enter HTTP/1.1\r\nhost: ${host}\r\norigin: http://${host}\r\ncontent-length: 5\r\n\r\n{`,
      `POST /enter HTTP/1.1\r\nhost: ${host}\r\norigin: http://${host}\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
      `GET / HTTP/9.9\r\n\r\n`,
      '\0\0\0\0\r\n\r\n',
    );
    for (const request of requests) {
      const { status, all } = await sendRaw(request);
      expect([request, status]).toEqual([request, expect.stringMatching(/^(HTTP\/1\.1 4\d\d .*|)$/)]);
      expect(all).not.toMatch(/\.ts|node:|at .*\(|\/(tmp|home|work)\b/);
    }
    expect(receivedCalls).toEqual([]);
  });
});

it('does not start on a port that is in use', async () => {
  const port = Number(new URL(server.url).port);
  const app = { call: async () => ({ ok: true as const, value: {} }), subscribe: () => () => {} };
  await expect(startServer(app, folder, port)).rejects.toMatchObject({
    problem: { code: 'input.invalid', message: `Port ${port} is in use.` },
  });
});

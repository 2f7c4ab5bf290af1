import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EngineHttp } from './http.ts';

const never = new AbortController().signal;

let folder: string;
let server: Server;
let opened: Duplex[];

/** Opens a connection to the server. */
async function connect(): Promise<Duplex> {
  const socket = dial(join(folder, 'engine.sock'));
  await once(socket, 'connect');
  opened.push(socket);
  return socket;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'http-'));
  opened = [];
  server = createServer((request, response) => void response.end(request.url));
  server.listen(join(folder, 'engine.sock'));
  await once(server, 'listening');
});
afterEach(async () => {
  vi.restoreAllMocks();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

async function get(http: EngineHttp, path: string, timeoutMs?: number): Promise<string> {
  const limit = timeoutMs === undefined ? {} : { timeoutMs };
  return text((await http.request({ method: 'GET', path, ...limit })).body);
}

test('the timeout does not start before there is a connection', async () => {
  let allow = (): void => undefined;
  const allowed = new Promise<void>((resolve) => {
    allow = resolve;
  });
  const http = new EngineHttp({ name: 'pi4', lost: never, connect: () => allowed.then(connect) });
  const answer = get(http, '/late', 1_000);
  // longer than the request's timeout
  await once(AbortSignal.timeout(1_200), 'abort');
  allow();
  expect(await answer).toBe('/late');
  http.close();
});

describe('if the engine closes a connection without a response', () => {
  let requests: string[];
  let http: EngineHttp;

  beforeEach(() => {
    requests = [];
    server.removeAllListeners('request').on('request', (request, response) => {
      requests.push(`${request.method} ${request.url}`);
      if (request.url === '/gone') {
        request.socket.destroy();
      } else {
        response.end(request.url);
      }
    });
    http = new EngineHttp({ name: 'pi4', lost: never, connect });
  });
  afterEach(() => http.close());

  test('again after a retry, the request fails with the reason and gives its slot back', async () => {
    const slots = 6;
    for (let count = 0; count <= slots; count++) {
      await get(http, '/kept');
      await expect(get(http, '/gone')).rejects.toMatchObject({
        problem: {
          code: 'engine.unreachable',
          message: 'Node pi4: the engine closed the connection during GET /gone.',
        },
      });
    }
    expect(await get(http, '/kept')).toBe('/kept');
  });

  test('a POST is not sent again, because it may have been executed', async () => {
    await get(http, '/kept');
    await expect(http.request({ method: 'POST', path: '/gone', body: 'x' })).rejects.toMatchObject({
      problem: { code: 'engine.unreachable' },
    });
    expect(requests).toEqual(['GET /kept', 'POST /gone']);
  });

  test('before a POST, the POST does not meet that connection', async () => {
    await get(http, '/kept');
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1_000);
    const { body } = await http.request({ method: 'POST', path: '/build' });
    expect(await text(body)).toBe('/build');
    expect(opened).toHaveLength(2);
  });
});

describe('a request on a long line', () => {
  test('uses the connection of a response that has just ended, also for a POST', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(1);
    const http = new EngineHttp({ name: 'pi4', lost: never, connect });
    for (const method of ['GET', 'POST', 'POST', 'DELETE'] as const) {
      expect(await text((await http.request({ method, path: '/' })).body)).toBe('/');
    }
    expect(opened).toHaveLength(1);
    http.close();
  });

  test('uses streams that are open already, unless they are broken', async () => {
    const broken = await connect();
    broken.destroy();
    const failed = Promise.reject(new Error('refused'));
    failed.catch(() => undefined);
    const streams = [failed, Promise.resolve(broken), connect()];
    const http = new EngineHttp({ name: 'pi4', lost: never, connect, opened: streams });
    const paths = ['/a', '/b', '/c'];
    expect(await Promise.all(paths.map((path) => get(http, path)))).toEqual(paths);
    // in place of the refused and the broken one
    expect(opened).toHaveLength(2 + 2);
    http.close();
  });

  test('uses the connection that was prepared for it', async () => {
    const http = new EngineHttp({ name: 'pi4', lost: never, connect });
    http.prepare();
    http.prepare();
    expect(opened).toHaveLength(0);
    const { body } = await http.request({ method: 'POST', path: '/push' });
    expect(await text(body)).toBe('/push');
    http.prepare();
    expect(opened).toHaveLength(1);
    http.close();
  });

  test('that never comes leaves no stream open', async () => {
    const stream = connect();
    new EngineHttp({ name: 'pi4', lost: never, connect, opened: [stream] }).close();
    await once(await stream, 'close');
  });
});

describe('if each connection takes one of a few SSH sessions', () => {
  let limit: number;
  let isSaturated: boolean;
  let saturate: () => void;
  let http: EngineHttp;

  beforeEach(() => {
    limit = Number.POSITIVE_INFINITY;
    isSaturated = false;
    const capacity = {
      get limit() {
        return limit;
      },
      get isSaturated() {
        return isSaturated;
      },
      onSaturated: (listener: () => void) => {
        saturate = listener;
      },
    };
    http = new EngineHttp({ name: 'pi4', lost: never, connect, capacity });
  });
  afterEach(() => http.close());

  test('an idle connection closes as soon as a session is needed', async () => {
    await get(http, '/');
    await get(http, '/');
    expect(opened).toHaveLength(1);
    expect(opened[0]?.destroyed).toBe(false);
    saturate();
    expect(opened[0]?.destroyed).toBe(true);
  });

  test('no connection stays idle while a session is needed', async () => {
    isSaturated = true;
    await get(http, '/');
    await expect.poll(() => opened[0]?.destroyed).toBe(true);
    expect(http.isSaturated).toBe(true);
  });

  test('no more connections are opened than the node allows sessions', async () => {
    limit = 2;
    server.removeAllListeners('request').on('request', (request, response) => {
      if (request.url === '/build') {
        response.write('begun');
      } else {
        response.end(request.url);
      }
    });
    const builds = [1, 2, 3].map(() => http.request({ method: 'POST', path: '/build' }));
    await builds[0];
    const paths = ['/a', '/b', '/c', '/d'];
    expect(await Promise.all(paths.map((path) => get(http, path, 30_000)))).toEqual(paths);
    expect(opened.length).toBe(2);
    expect(http.isSaturated).toBe(true);
    for (const build of builds) {
      build.catch(() => undefined);
    }
  });
});

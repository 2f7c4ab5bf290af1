/** The browser front end's server: the page, calls and events over HTTP on the loopback interface. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { calls } from '../../shared/contract.ts';
import { fail, type Result } from '../../shared/problem.ts';
import { settingsSchema } from '../../shared/settings.ts';
import { type AppApi, isCallName } from '../page/app-api.ts';
import { pageHeaders } from '../page/headers.ts';
import { errnoCode } from '../system/file-errors.ts';
import { AccessControl, entryPath } from './access-control.ts';
import { CallsOnce } from './calls-once.ts';
import { streamEvents } from './event-stream.ts';
import { sendPageFile } from './static-files.ts';

export interface BrowserServer {
  /** The first entry URL: opens the app in the first browser that uses it. */
  readonly url: string;
  /** Another entry URL, for another window or browser. @param route a value of `location.hash` to show */
  createEntryUrl(route?: string): string;
  /** Whether a page is open. */
  hasPage(): boolean;
  /** Whether a page has been open since the server was started. */
  hadPage(): boolean;
  /** Resolves when no page has been open for some seconds. */
  allPagesClosed(): Promise<void>;
  close(): Promise<void>;
}

const maxBodyBytes = 16 * 1024 * 1024;

/** The body that exchanges a token is read from anyone. */
const maxEntryBytes = 1024;

const entrySchema = z.object({ token: z.string() });

/** A page that is reloaded, or that a browser is about to open, is missing for less than this, in milliseconds. */
const pageAbsenceMs = 3_000;

/**
 * Serves the app to a browser on this computer. Files of the page are for everyone: they are the same in every installation.
 * `POST /enter` exchanges the token of an entry URL for a secret, which calls as `POST /call/<name>` and events as
 * `GET /events` must carry. Listens on 127.0.0.1 only.
 * @param port 0 for a free port
 * @throws Failure `input.invalid` if the port cannot be used
 */
export async function startServer(app: AppApi, pageFolder: string, port = 0): Promise<BrowserServer> {
  const pages = new Set<ServerResponse>();
  const callsOnce = new CallsOnce<Result<unknown>>();
  let hadPage = false;
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(pageHeaders)) {
      response.setHeader(name, value);
    }
    handle(request, response).catch(() => {
      // no detail: the request may be of anyone
      if (response.headersSent) {
        response.destroy();
      } else {
        sendText(response, 500, 'The request could not be answered.');
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portFailure(error, port)));
    server.listen(port, '127.0.0.1', resolve);
  });
  const accessControl = new AccessControl(`127.0.0.1:${tcpAddress(server.address()).port}`);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = (request.url ?? '').split('?', 1);
    const reason = accessControl.denialReason(request, path);
    if (reason !== undefined) {
      sendText(response, 403, reason);
    } else if (!path.startsWith('/')) {
      sendText(response, 400, 'The address is not a path.');
    } else if (path === '/enter' && request.method === 'POST') {
      await handleEntry(request, response);
    } else if (path === '/events' || path.startsWith('/call/')) {
      await handleAdmitted(request, response, path);
    } else if (request.method === 'GET') {
      await sendPageFile(response, pageFolder, path === entryPath ? '/' : path, getPageData);
    } else {
      response.writeHead(405, { allow: 'GET' }).end();
    }
  }

  /** The theme of the settings, and the view that is first if no other is asked for. */
  async function getPageData(): Promise<Record<string, string>> {
    const [settings, farms] = await Promise.all([app.call('settings.get', {}), app.call('farms.list', {})]);
    const theme = settings.ok && settingsSchema.safeParse(settings.value).data?.theme;
    const hasNoFarm = farms.ok && calls['farms.list'].output.safeParse(farms.value).data?.farms.length === 0;
    return {
      ...(theme && theme !== 'system' ? { theme } : {}),
      ...(hasNoFarm ? { view: 'first-start' } : {}),
    };
  }

  async function handleEntry(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, maxEntryBytes);
    const entry = entrySchema.safeParse(body === undefined ? undefined : parseJson(body));
    const secret = entry.success ? accessControl.exchange(entry.data.token) : undefined;
    if (secret === undefined) {
      response.setHeader('connection', 'close');
      sendText(response, 403, 'This address has been used, or is too old.');
    } else {
      response
        .writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(JSON.stringify({ secret }));
    }
  }

  async function handleAdmitted(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (!accessControl.isAdmitted(request)) {
      sendText(
        response,
        401,
        'Open Barnraiser at the address that it printed. The address works once, in one browser.',
      );
    } else if (request.method === 'POST' && path.startsWith('/call/')) {
      await handleCall(request, response, path.slice('/call/'.length));
    } else if (request.method === 'GET' && path === '/events') {
      pages.add(response);
      hadPage = true;
      response.once('close', () => pages.delete(response));
      streamEvents(response, (listener) => app.subscribe(listener));
    } else {
      response.writeHead(405, { allow: path === '/events' ? 'GET' : 'POST' }).end();
    }
  }

  async function handleCall(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
    if (!isCallName(name)) {
      sendInvalidCall(response, 404, `There is no call "${name}".`, 'Reload the page.');
      return;
    }
    if (request.headers['content-type'] !== 'application/json') {
      sendInvalidCall(response, 415, 'The input of a call must be JSON.', 'Reload the page.');
      return;
    }
    const body = await readBody(request, maxBodyBytes);
    if (body === undefined) {
      // the rest of the body is not read
      response.setHeader('connection', 'close');
      sendInvalidCall(response, 413, 'The input of a call is larger than 16 MiB.', 'Send less data.');
      return;
    }
    const input = parseJson(body);
    if (input === undefined) {
      sendInvalidCall(response, 400, 'The input of a call is not valid JSON.', 'Reload the page.');
      return;
    }
    const given = z.string().optional().parse(request.headers['idempotency-key']);
    const key = given === undefined ? undefined : `${name} ${given}`;
    const cancel = new AbortController();
    response.once('close', () => {
      if (response.writableFinished) {
        callsOnce.arrived(key);
      } else {
        // the page has cancelled the call, or is gone
        cancel.abort();
      }
    });
    sendJson(response, 200, await callsOnce.run(key, () => app.call(name, input, { signal: cancel.signal })));
  }

  return {
    url: accessControl.createEntryUrl(),
    createEntryUrl: (route) => accessControl.createEntryUrl(route),
    hasPage: () => pages.size > 0,
    hadPage: () => hadPage,
    allPagesClosed: async () => {
      for (let lastSeenMs = performance.now(); performance.now() - lastSeenMs < pageAbsenceMs; ) {
        await delay(100);
        lastSeenMs = pages.size > 0 ? performance.now() : lastSeenMs;
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // event streams stay open until they are closed
        server.closeAllConnections();
      }),
  };
}

function portFailure(error: Error, port: number): Error {
  const reason = { EADDRINUSE: 'is in use', EACCES: 'may not be used by your user' }[errnoCode(error) ?? ''];
  return reason === undefined
    ? error
    : fail('input.invalid', `Port ${port} ${reason}.`, 'Choose another port, or leave it out.', error.message, error);
}

/** @returns undefined if the body is larger */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) {
      continue;
    }
    bytes += chunk.length;
    if (bytes > maxBytes) {
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** @returns undefined if the text is not JSON */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }).end(text);
}

function sendInvalidCall(response: ServerResponse, status: number, message: string, fix: string): void {
  sendJson(response, status, { ok: false, problem: fail('input.invalid', message, fix).problem });
}

function sendJson(response: ServerResponse, status: number, result: Result<unknown>): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(result));
}

function tcpAddress(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') {
    throw new Error('the server has no TCP address');
  }
  return address;
}

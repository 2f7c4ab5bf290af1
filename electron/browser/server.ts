/** The browser front end's server: the page, calls and events over HTTP on the loopback interface. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fail, problemOf, type Result } from '../../shared/problem.ts';
import { type AppApi, isCallName } from '../page/app-api.ts';
import { pageHeaders } from '../page/headers.ts';
import { errnoCode } from '../system/file-errors.ts';
import { AccessControl } from './access-control.ts';
import { streamEvents } from './event-stream.ts';
import { sendPageFile } from './static-files.ts';

export interface BrowserServer {
  /** The first entry URL: opens the app in the first browser that uses it. */
  readonly url: string;
  /** Another entry URL, for another window or browser. */
  createEntryUrl(): string;
  /** Whether a page is open. */
  hasPage(): boolean;
  /** Resolves when no page has been open for some seconds. */
  allPagesClosed(): Promise<void>;
  close(): Promise<void>;
}

const maxBodyBytes = 16 * 1024 * 1024;

/** A page that is reloaded, or that a browser is about to open, is missing for less than this, in milliseconds. */
const pageAbsenceMs = 3_000;

/**
 * Serves the app to a browser on this computer: the page from a folder, calls as `POST /call/<name>`, events as
 * `GET /events`. Listens on 127.0.0.1 only.
 * @param port 0 for a free port
 * @throws Failure `input.invalid` if the port cannot be used
 */
export async function startServer(app: AppApi, pageFolder: string, port = 0): Promise<BrowserServer> {
  const pages = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(pageHeaders)) {
      response.setHeader(name, value);
    }
    handle(request, response).catch((error: unknown) => {
      if (response.headersSent) {
        response.destroy();
      } else {
        sendJson(response, 500, { ok: false, problem: problemOf(error) });
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portFailure(error, port)));
    server.listen(port, '127.0.0.1', resolve);
  });
  const accessControl = new AccessControl(`127.0.0.1:${tcpAddress(server.address()).port}`);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const decision = accessControl.check(request);
    if (decision.kind === 'denied') {
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' }).end(decision.reason);
      return;
    }
    if (decision.kind === 'signed-in') {
      // the redirect removes the token from the address bar and the history
      response
        .writeHead(303, { location: decision.location, 'set-cookie': decision.cookie, 'cache-control': 'no-store' })
        .end();
      return;
    }
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (request.method === 'POST' && path.startsWith('/call/')) {
      await handleCall(request, response, path.slice('/call/'.length));
    } else if (request.method === 'GET' && path === '/events') {
      pages.add(response);
      response.once('close', () => pages.delete(response));
      streamEvents(response, (listener) => app.subscribe(listener));
    } else if (request.method === 'GET') {
      await sendPageFile(response, pageFolder, path);
    } else {
      response.writeHead(405, { allow: 'GET, POST' }).end();
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
    const body = await readBody(request);
    if (body === undefined) {
      // the rest of the body is not read
      response.setHeader('connection', 'close');
      sendInvalidCall(response, 413, 'The input of a call is larger than 16 MiB.', 'Send less data.');
      return;
    }
    let input: unknown;
    try {
      input = JSON.parse(body);
    } catch {
      sendInvalidCall(response, 400, 'The input of a call is not valid JSON.', 'Reload the page.');
      return;
    }
    const cancel = new AbortController();
    response.once('close', () => {
      // the page has cancelled the call, or is gone
      if (!response.writableFinished) {
        cancel.abort();
      }
    });
    sendJson(response, 200, await app.call(name, input, { signal: cancel.signal }));
  }

  return {
    url: accessControl.createEntryUrl(),
    createEntryUrl: () => accessControl.createEntryUrl(),
    hasPage: () => pages.size > 0,
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

/** @returns undefined if the body is larger than {@link maxBodyBytes} */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) {
      continue;
    }
    bytes += chunk.length;
    if (bytes > maxBodyBytes) {
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
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

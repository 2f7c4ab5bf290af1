import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AppEvent, type CallName, calls } from '../../shared/contract.ts';
import { fail, problemOf, type Result } from '../../shared/problem.ts';
import { pageHeaders } from '../page/headers.ts';
import { streamEvents } from './event-stream.ts';
import { Session } from './session.ts';
import { sendFile } from './static-files.ts';

/** What the server needs of the app, which checks the input of every call itself. */
export interface Callee {
  call(name: CallName, input: unknown): Promise<Result<unknown>>;
  subscribe(listener: (event: AppEvent) => void): () => void;
}

export interface BrowserServer {
  /** Opens the app in the one browser that uses it first. */
  readonly url: string;
  close(): Promise<void>;
}

const bodyLimitBytes = 16 * 1024 * 1024;

/**
 * Serves the app to a browser on this computer: the page from a folder, calls as `POST /call/<name>`, events as
 * `GET /events`. Listens on 127.0.0.1 only, at a free port unless one is given.
 */
export async function startServer(app: Callee, pageFolder: string, port = 0): Promise<BrowserServer> {
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
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const session = new Session(`127.0.0.1:${addressOf(server.address()).port}`);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const admission = session.admit(request);
    if (admission.kind === 'refused') {
      response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8' }).end(admission.reason);
      return;
    }
    if (admission.kind === 'entered') {
      // the token leaves the address bar, so that it is in no history and no screenshot
      response
        .writeHead(303, { location: admission.location, 'set-cookie': admission.cookie, 'cache-control': 'no-store' })
        .end();
      return;
    }
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (request.method === 'POST' && path.startsWith('/call/')) {
      await answerCall(request, response, path.slice('/call/'.length));
    } else if (request.method === 'GET' && path === '/events') {
      streamEvents(response, (listener) => app.subscribe(listener));
    } else if (request.method === 'GET') {
      await sendFile(response, pageFolder, path);
    } else {
      response.writeHead(405, { allow: 'GET, POST' }).end();
    }
  }

  async function answerCall(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
    if (!isCallName(name)) {
      const problem = fail('input.invalid', `There is no call "${name}".`, 'Reload the page.').problem;
      sendJson(response, 404, { ok: false, problem });
      return;
    }
    if (request.headers['content-type'] !== 'application/json') {
      const problem = fail('input.invalid', 'A call takes JSON.', 'Reload the page.').problem;
      sendJson(response, 415, { ok: false, problem });
      return;
    }
    const body = await readBody(request);
    if (body === undefined) {
      const problem = fail('input.invalid', 'The input of a call is larger than 16 MiB.', 'Send less.').problem;
      // what is still on its way is not read
      response.setHeader('connection', 'close');
      sendJson(response, 413, { ok: false, problem });
      return;
    }
    let input: unknown;
    try {
      input = JSON.parse(body);
    } catch {
      const problem = fail('input.invalid', 'The input of a call is no JSON.', 'Reload the page.').problem;
      sendJson(response, 400, { ok: false, problem });
      return;
    }
    sendJson(response, 200, await app.call(name, input));
  }

  return {
    url: session.entry,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // event streams never end by themselves
        server.closeAllConnections();
      }),
  };
}

function isCallName(name: string): name is CallName {
  return Object.hasOwn(calls, name);
}

/** The body as text, or undefined where it is larger than the limit. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(chunk)) {
      continue;
    }
    bytes += chunk.length;
    if (bytes > bodyLimitBytes) {
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function sendJson(response: ServerResponse, status: number, result: Result<unknown>): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(result));
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') {
    throw new Error('the server has no TCP address');
  }
  return address;
}

/** A proxy in front of a registry that breaks requests, and a host that records what it is sent. */
import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the proxy does with a request instead of passing it on. */
export type Fault =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Cuts the connection when so many bytes of the request have been passed on. */
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Passes everything on, and cuts the connection instead of the answer. */
  | { readonly kind: 'lose-answer' }
  /** Passes the request on in pieces, with a pause after each. */
  | { readonly kind: 'slow'; readonly pauseMs: number }
  /** Passes the request on, and changes headers of the answer. */
  | { readonly kind: 'headers'; readonly change: Readonly<Record<string, string>> };

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
}

export interface FaultProxy {
  /** host:port; plain HTTP. */
  readonly address: string;
  readonly requests: readonly SeenRequest[];
  /** Chooses what becomes of a request. Undefined: it is passed on. */
  fault: (request: SeenRequest) => Fault | undefined;
  /** Forgets requests and faults. */
  clear(): void;
  stop(): Promise<void>;
}

/** @param upstream host:port of a registry with plain HTTP */
export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const requests: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const seen = seenOf(request);
    requests.push(seen);
    void pass(request, response, upstream, proxy.fault(seen)).catch(() => response.destroy());
  });
  const proxy: FaultProxy = {
    address: await listen(server),
    requests,
    fault: () => undefined,
    clear: () => {
      requests.length = 0;
      proxy.fault = () => undefined;
    },
    stop: () => close(server),
  };
  return proxy;
}

/** Another host: it records what it is sent, and answers what the test sets. */
export async function startRecorder(
  answer: (request: SeenRequest, response: ServerResponse) => void,
): Promise<Pick<FaultProxy, 'address' | 'requests' | 'stop'>> {
  const requests: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const seen = seenOf(request);
    requests.push(seen);
    request.resume();
    request.once('end', () => answer(seen, response));
  });
  return { address: await listen(server), requests, stop: () => close(server) };
}

function seenOf(request: IncomingMessage): SeenRequest {
  const { method = '', url = '', headers } = request;
  return { method, path: url, authorization: headers.authorization };
}

async function pass(
  request: IncomingMessage,
  response: ServerResponse,
  upstream: string,
  fault: Fault | undefined,
): Promise<void> {
  if (fault?.kind === 'answer') {
    request.resume();
    response.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? '');
    return;
  }
  const [host, port] = upstream.split(':');
  // the Host header stays: locations then lead back to this proxy
  const outgoing = forward({ host, port, method: request.method, path: request.url, headers: request.headers });
  outgoing.on('error', () => response.destroy());
  const answered = new Promise<IncomingMessage>((resolve) => outgoing.once('response', resolve));
  let bytes = 0;
  for await (const chunk of request) {
    if (fault?.kind === 'reset' && bytes + chunk.length > fault.afterBytes) {
      outgoing.write(chunk.subarray(0, fault.afterBytes - bytes));
      outgoing.destroy();
      request.socket.resetAndDestroy();
      return;
    }
    bytes += chunk.length;
    outgoing.write(chunk);
    if (fault?.kind === 'slow') {
      await sleep(fault.pauseMs);
    }
  }
  outgoing.end();
  const answer = await answered;
  if (fault?.kind === 'lose-answer') {
    answer.resume();
    await new Promise((resolve) => answer.once('end', resolve));
    request.socket.resetAndDestroy();
    return;
  }
  const changed = fault?.kind === 'headers' ? fault.change : {};
  response.writeHead(answer.statusCode ?? 500, { ...answer.headers, ...changed });
  answer.pipe(response);
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const { port } = server.address() as AddressInfo;
  return `127.0.0.1:${port}`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

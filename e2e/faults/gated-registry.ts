/** A registry of its own address in front of the lab's: requests can be held and broken, and each image has more than one name. */
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Gate } from './gate.ts';

export class GatedRegistry {
  /** host:port, plain HTTP. */
  readonly address: string;
  readonly #close: () => Promise<void>;
  readonly #gate = new Gate<IncomingMessage>();
  #held: IncomingMessage | undefined;

  private constructor(address: string, close: () => Promise<void>) {
    this.address = address;
    this.#close = close;
  }

  /** @param target host:port of the registry behind it */
  static async before(target: string): Promise<GatedRegistry> {
    const server = createServer((request, response) => void registry.#answer(request, response, target));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const registry: GatedRegistry = new GatedRegistry(
      `127.0.0.1:${(server.address() as AddressInfo).port}`,
      async () => {
        registry.release();
        server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
      },
    );
    return registry;
  }

  /** Holds the first request whose method and path match. Resolves when it is held. */
  hold(pattern: RegExp): Promise<void> {
    return this.#gate.arm((request) => {
      const matches = pattern.test(`${request.method} ${request.url}`);
      if (matches) {
        this.#held = request;
      }
      return matches;
    });
  }

  release(): void {
    this.#gate.release();
  }

  /** Breaks the connection of the request that is held. */
  reset(): void {
    this.#held?.socket.resetAndDestroy();
  }

  close(): Promise<void> {
    return this.#close();
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse, target: string): Promise<void> {
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    await this.#gate.pass(incoming);
    if (incoming.socket.destroyed) {
      return;
    }
    // an engine has never seen a name with a number; the registry behind it has what is before it
    const path = (incoming.url ?? '').replace(/^\/v2\/base-\d+\//, '/v2/base/');
    const [host, port] = target.split(':');
    const request = httpRequest({ host, port, path, method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', () => outgoing.destroy());
      answer.pipe(outgoing);
    });
    request.on('error', () => outgoing.destroy());
    incoming.pipe(request);
  }
}

/** A socket on a node, in front of its engine's: what passes can be held, cut, replaced by garbage, and changed. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gate } from './gate.ts';

/** Texts of the same length, so that lengths that are sent before them stay right. */
export interface Change {
  readonly from: string;
  readonly to: string;
}

/** How much an engine says that has lost its mind, in bytes. */
const garbageBytes = 64 * 1024;

export class EngineProxy {
  /** The socket on this computer. */
  readonly path: string;
  readonly #clients = new Set<Socket>();
  #open = new Set<{ readonly client: Socket; readonly engine: Socket }>();
  #isGarbage = false;
  #changes: readonly Change[] = [];
  readonly #gate = new Gate<Buffer>();
  #close: () => Promise<void> = async () => undefined;

  private constructor(path: string) {
    this.path = path;
  }

  /** @param path a free path for the socket. @param engineSocket of any length */
  static async open(path: string, engineSocket: string): Promise<EngineProxy> {
    const proxy = new EngineProxy(path);
    // the path of a socket is limited to 107 bytes
    const folder = await mkdtemp(join(tmpdir(), 'barnraiser-proxy-'));
    const target = join(folder, 'engine.sock');
    await symlink(engineSocket, target);
    const server = createServer({ allowHalfOpen: true }, (client) => proxy.#connect(client, target));
    server.listen(path);
    await once(server, 'listening');
    proxy.#close = async () => {
      proxy.release();
      for (const { engine } of proxy.#open) {
        engine.destroy();
      }
      for (const client of proxy.#clients) {
        client.destroy();
      }
      await new Promise((closed) => server.close(closed));
      await rm(folder, { recursive: true, force: true });
    };
    return proxy;
  }

  /** Holds the first request that matches. Resolves when it is held. Sees only requests of HTTP/1.1. */
  hold(pattern: RegExp): Promise<void> {
    return this.#gate.arm((chunk) => pattern.test(chunk.toString('latin1')));
  }

  release(): void {
    this.#gate.release();
  }

  /** Ends all streams where they are. New ones pass. */
  cut(): void {
    for (const { client, engine } of this.#open) {
      engine.destroy();
      client.end();
    }
  }

  /** From now on, the engine answers garbage, also in the streams that are open. */
  answerGarbage(): void {
    this.#isGarbage = true;
    for (const { client, engine } of this.#open) {
      engine.destroy();
      client.end(randomBytes(garbageBytes));
    }
  }

  /** Changes what the engine is asked. */
  change(changes: readonly Change[]): void {
    this.#changes = changes;
  }

  /** What passes is what is sent, again. */
  restore(): void {
    this.#isGarbage = false;
    this.#changes = [];
    this.release();
  }

  close(): Promise<void> {
    return this.#close();
  }

  #connect(client: Socket, target: string): void {
    this.#clients.add(client);
    client.on('error', () => undefined).on('close', () => this.#clients.delete(client));
    if (this.#isGarbage) {
      client.once('data', () => client.end(randomBytes(garbageBytes)));
      return;
    }
    const engine = connect({ path: target, allowHalfOpen: true });
    const pair = { client, engine };
    this.#open.add(pair);
    for (const socket of [client, engine]) {
      socket.on('error', () => {
        client.destroy();
        engine.destroy();
      });
      socket.on('close', () => this.#open.delete(pair));
    }
    void this.#ask(client, engine).catch(() => engine.destroy());
    engine.pipe(client);
  }

  async #ask(client: Socket, engine: Socket): Promise<void> {
    const closed = once(engine, 'close');
    for await (const chunk of client.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      await this.#gate.pass(chunk);
      if (!engine.destroyed && !engine.write(this.#changed(chunk))) {
        await Promise.race([once(engine, 'drain'), closed]);
      }
    }
    engine.end();
  }

  #changed(chunk: Buffer): Buffer {
    if (this.#changes.length === 0) {
      return chunk;
    }
    const text = this.#changes.reduce((text, { from, to }) => text.replaceAll(from, to), chunk.toString('latin1'));
    return Buffer.from(text, 'latin1');
  }
}

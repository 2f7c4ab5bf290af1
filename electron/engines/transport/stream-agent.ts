import { Agent } from 'node:http';
import { type Duplex, PassThrough } from 'node:stream';
import type { SessionCapacity } from '../../ssh/session-limit.ts';

/**
 * Milliseconds until an idle connection is closed. A socket-activated podman ends itself after 5 idle seconds, so this must be
 * shorter: if Barnraiser closes first, no request meets a connection that podman has just closed.
 */
export const idleTimeoutMs = 3_000;

/**
 * How long after its last response a kept connection may get a request that cannot be sent again, in milliseconds. No engine ends
 * itself so soon after a response.
 */
const freshMs = 1_000;

/** An HTTP agent whose connections are streams from `connect`. */
export class StreamAgent extends Agent {
  readonly #connect: () => Promise<Duplex>;
  readonly #capacity: SessionCapacity | undefined;
  /** When the last response on a kept connection ended, as a time of `performance.now()`. */
  readonly #idleSinceMs = new WeakMap<Duplex, number>();

  /**
   * @param keepAlive keeps the connection of an ended request for the next one
   * @param capacity if each connection takes an SSH session: idle connections are closed as soon as a session is needed
   */
  constructor(
    connect: () => Promise<Duplex>,
    { keepAlive, capacity }: { readonly keepAlive: boolean; readonly capacity?: SessionCapacity | undefined },
  ) {
    super(keepAlive ? { keepAlive, timeout: idleTimeoutMs } : { keepAlive });
    this.#connect = connect;
    this.#capacity = capacity;
    capacity?.onSaturated(() => {
      for (const stream of Object.values(this.freeSockets).flat()) {
        stream?.destroy();
      }
    });
  }

  /** Closes the idle connections that the engine might be about to close, so that the next request does not meet one. */
  closeStale(): void {
    const since = performance.now() - freshMs;
    for (const stream of Object.values(this.freeSockets).flat()) {
      if (stream && (this.#idleSinceMs.get(stream) ?? 0) < since) {
        stream.destroy();
      }
    }
  }

  get hasIdle(): boolean {
    return Object.values(this.freeSockets).flat().length > 0;
  }

  // The types of Node 20 declare that it returns nothing.
  override keepSocketAlive(stream: Duplex): boolean {
    this.#idleSinceMs.set(stream, performance.now());
    return !this.#capacity?.isSaturated && Boolean(super.keepSocketAlive(stream));
  }

  override createConnection(
    _options: unknown,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | undefined {
    this.#connect().then(
      (stream) => callback?.(null, stream),
      // The types require a stream here, but Node ignores it if there is an error.
      (error) => callback?.(error instanceof Error ? error : new Error(String(error)), new PassThrough()),
    );
    return undefined;
  }
}

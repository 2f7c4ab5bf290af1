/** ssh2 lets the other side send at most 2 MiB before it must wait for us, which caps a channel at 2 MiB per round trip. */
const minBytes = 2 * 1024 * 1024;
/** Also the most that waits in memory for a slow reader of a channel. */
const maxBytes = 8 * 1024 * 1024;
/** What a line may carry at most: 1 Gbit/s. */
const bytesPerMs = 125_000;

/** The parts of ssh2's channel with which it lets the other side send. ssh2 does not document them. */
interface WindowedChannel {
  readonly readableLength: number;
  readonly incoming: { window: number };
  readonly outgoing: { readonly id: number; readonly state: string };
  readonly _client: { readonly _protocol: { channelWindowAdjust(channel: number, bytes: number): void } };
}

/** The least time that a request on an SSH session took, and so how much a channel must be able to receive at once. */
export class RoundTrip {
  #leastMs: number | undefined;

  /** To be called when a request is sent. Returns the function to be called when it is answered. */
  start(): () => void {
    const startMs = performance.now();
    return () => {
      this.#leastMs = Math.min(this.#leastMs ?? Number.POSITIVE_INFINITY, performance.now() - startMs);
    };
  }

  /** Undefined before the first answer. */
  get leastMs(): number | undefined {
    return this.#leastMs;
  }

  get windowBytes(): number {
    return Math.min(maxBytes, Math.round((this.#leastMs ?? 0) * bytesPerMs));
  }
}

/**
 * Lets the other side of a channel send as much as a long line holds. To be called whenever its reader takes data or asks for
 * more. On short lines, ssh2's own window is larger, and this does nothing.
 */
export function widenReceiveWindow(channel: object, windowBytes: number): void {
  if (windowBytes <= minBytes || !isWindowed(channel) || channel.outgoing.state === 'closed') {
    return;
  }
  const missing = windowBytes - channel.incoming.window - channel.readableLength;
  if (missing >= windowBytes / 4) {
    channel.incoming.window += missing;
    channel._client._protocol.channelWindowAdjust(channel.outgoing.id, missing);
  }
}

function isWindowed(channel: object): channel is WindowedChannel {
  return ['incoming', 'outgoing', '_client'].every((name) => name in channel);
}

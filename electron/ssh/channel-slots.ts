import pLimit from 'p-limit';

/** sshd allows 10 sessions per connection by default (MaxSessions), and some people share theirs with us. */
const maxChannels = 8;

export interface HoldOptions {
  /** The channel does not count as a use of the connection once it is open. */
  readonly isBackground?: boolean;
  /** The channel does not count as a use of the connection at all. */
  readonly isObservation?: boolean;
}

/** Limits how many channels are open at once, and knows since when a connection has been idle. */
export class ChannelSlots {
  readonly #slots = pLimit(maxChannels);
  #uses = 0;
  #idleSince = performance.now();

  /** When the last use ended, as a time of `performance.now()`. Undefined while the connection is in use. */
  get idleSince(): number | undefined {
    return this.#uses > 0 ? undefined : this.#idleSince;
  }

  /** Begins a use of the connection. The function that it returns ends it; further calls have no effect. */
  use(): () => void {
    this.#uses++;
    let isOver = false;
    return () => {
      if (!isOver) {
        isOver = true;
        this.#uses--;
        this.#idleSince = performance.now();
      }
    };
  }

  /**
   * Opens a channel as soon as a slot is free, and holds the slot until the channel is released.
   * @param released resolves when the node no longer counts the channel.
   */
  hold<T>(
    open: () => Promise<T>,
    released: (channel: T) => Promise<unknown>,
    { isBackground = false, isObservation = false }: HoldOptions = {},
  ): Promise<T> {
    const endUse = isObservation ? () => undefined : this.use();
    return new Promise((resolve, reject) => {
      this.#slots(async () => {
        const channel = await open();
        resolve(channel);
        if (isBackground) {
          endUse();
        }
        await released(channel);
      })
        .catch(reject)
        .finally(endUse);
    });
  }
}

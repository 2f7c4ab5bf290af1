import { type Timestamp, timestampMs } from '@bufbuild/protobuf/wkt';

/**
 * Converts times of a node into those of this computer, whose clocks differ. The update that arrives fastest tells by how much.
 * Times of nodes are not trusted: nothing began before the build, and nothing has ended after now.
 */
export class NodeClock {
  readonly #beganAt = Date.now();
  /** How much the clock of this computer is ahead, at most. */
  #aheadMs = Number.POSITIVE_INFINITY;

  /** @returns milliseconds since 1970 */
  toLocal(time: Timestamp): number {
    const ms = timestampMs(time);
    const now = Date.now();
    this.#aheadMs = Math.min(this.#aheadMs, now - ms);
    return Math.max(this.#beganAt, Math.min(now, Math.round(ms + this.#aheadMs)));
  }

  /** @returns milliseconds, which need no conversion */
  between(start: Timestamp, end: Timestamp): number {
    return Math.round(Math.min(Math.max(0, timestampMs(end) - timestampMs(start)), Date.now() - this.#beganAt));
  }
}

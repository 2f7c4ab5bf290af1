/**
 * The highest that an element is made, in pixels. Browsers cannot lay out more than some 33 million, and place things by
 * single-precision numbers, which are whole up to 16 million only.
 */
const mostPixels = 8_000_000;

/**
 * Scrolls through something that is higher than an element can be. Small movements move it by as many pixels; large ones, as
 * of the bar, by its share of the whole. Where both drift apart, the bar is put right without moving what is seen.
 *
 * `top` is where the element is scrolled to (its `scrollTop`), `offset` where that is in the whole.
 */
export class ScrollScale {
  #content = 0;
  #viewport = 0;
  #top = 0;
  #offset = 0;
  readonly #most: number;

  constructor(most = mostPixels) {
    this.#most = most;
  }

  /** How high the element must be, in pixels. */
  get height(): number {
    return Math.min(this.#content, this.#most);
  }

  get top(): number {
    return this.#top;
  }

  get offset(): number {
    return this.#offset;
  }

  /** What stands at `y` in the whole stands at `y - shift` in the element. */
  get shift(): number {
    return this.#offset - this.#top;
  }

  get lastOffset(): number {
    return Math.max(0, this.#content - this.#viewport);
  }

  get atEnd(): boolean {
    return this.#offset >= this.lastOffset - 1;
  }

  resize(content: number, viewport: number): void {
    const wasScaled = this.#content > this.#most;
    this.#content = content;
    this.#viewport = viewport;
    if (wasScaled || content > this.#most) {
      this.#offset = Math.min(this.#offset, this.lastOffset);
      this.#top = Math.min(this.#top, this.#lastTop);
    } else {
      this.scrollTo(this.#offset);
    }
  }

  /** The element was scrolled by somebody else. Returns whether its `scrollTop` must be set to {@link top} again. */
  scrolled(top: number): boolean {
    const moved = top - this.#top;
    this.#top = top;
    if (this.#content <= this.#most) {
      this.#offset = top;
      return false;
    }
    if (Math.abs(moved) > Math.max(2_000, 2 * this.#viewport)) {
      this.#offset = this.#lastTop > 0 ? (top / this.#lastTop) * this.lastOffset : 0;
      return false;
    }
    this.#offset = Math.min(this.lastOffset, Math.max(0, this.#offset + moved));
    return this.#freed();
  }

  /** At an end of the bar with something left to see behind it, the bar goes back a little. */
  #freed(): boolean {
    const room = Math.min(2 * this.#viewport, this.#lastTop / 2);
    if (this.#top <= 0 && this.#offset > 0) {
      this.#top = Math.max(this.#ideal(this.#offset), room);
      return true;
    }
    if (this.#top >= this.#lastTop && this.#offset < this.lastOffset) {
      this.#top = Math.min(this.#ideal(this.#offset), this.#lastTop - room);
      return true;
    }
    return false;
  }

  /** Puts the bar where the offset is in the whole. Returns whether `scrollTop` must be set to {@link top}. */
  settle(): boolean {
    const ideal = this.#ideal(this.#offset);
    if (Math.abs(ideal - this.#top) < Math.max(1_000, this.#viewport)) {
      return false;
    }
    this.#top = ideal;
    return true;
  }

  scrollTo(offset: number): void {
    this.#offset = Math.min(this.lastOffset, Math.max(0, offset));
    this.#top = this.#ideal(this.#offset);
  }

  get #lastTop(): number {
    return Math.max(0, this.height - this.#viewport);
  }

  #ideal(offset: number): number {
    if (this.#content <= this.#most) {
      return offset;
    }
    return Math.round((offset / Math.max(1, this.lastOffset)) * this.#lastTop);
  }
}

/**
 * The maximum height of an element, in pixels. Browsers cannot lay out more than about 33 million pixels, and position
 * elements with single-precision numbers, which are exact only up to 16 million.
 */
const maxElementHeight = 8_000_000;

/**
 * Scrolls through content whose height is not that of the element: it is higher than an element can be, or only estimated. Small scroll movements move the content by the same number
 * of pixels. Large ones, as of the scrollbar, move it proportionally. When scrolling ends, {@link realign} corrects the
 * scrollbar without moving the visible content.
 *
 * `top` is the `scrollTop` of the element, `offset` the corresponding position in the content.
 */
export class ScrollScale {
  /** How many pixels the offset moves when the element is scrolled by one pixel. */
  pace = 1;
  #contentHeight = 0;
  #elementHeight = 0;
  #viewportHeight = 0;
  #top = 0;
  #offset = 0;
  readonly #maxHeight: number;

  constructor(maxHeight = maxElementHeight) {
    this.#maxHeight = maxHeight;
  }

  /** The height that the element must have, in pixels. */
  get height(): number {
    return Math.min(this.#elementHeight, this.#maxHeight);
  }

  get top(): number {
    return this.#top;
  }

  get offset(): number {
    return this.#offset;
  }

  /** The content at `y` is at `y - shift` in the element. */
  get shift(): number {
    return this.#offset - this.#top;
  }

  get lastOffset(): number {
    return Math.max(0, this.#contentHeight - this.#viewportHeight);
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.lastOffset - 1;
  }

  /** @param elementHeight the height that the element should have */
  resize(contentHeight: number, viewportHeight: number, elementHeight = contentHeight): void {
    const wasScaled = this.#isScaled;
    this.#contentHeight = contentHeight;
    this.#elementHeight = elementHeight;
    this.#viewportHeight = viewportHeight;
    if (wasScaled || this.#isScaled) {
      this.#offset = Math.min(this.#offset, this.lastOffset);
      this.#top = Math.min(this.#top, this.#lastTop);
    } else {
      this.scrollTo(this.#offset);
    }
  }

  /** Must be called after the user has scrolled the element. Returns whether its `scrollTop` must be set to {@link top}. */
  onScrolled(top: number): boolean {
    const distance = top - this.#top;
    this.#top = top;
    if (!this.#isScaled) {
      this.#offset = top;
      return false;
    }
    if (Math.abs(distance) > Math.max(2_000, 2 * this.#viewportHeight)) {
      this.#offset = this.#lastTop > 0 ? (top / this.#lastTop) * this.lastOffset : 0;
      return false;
    }
    this.#offset = Math.min(this.lastOffset, Math.max(0, this.#offset + distance * this.pace));
    return this.#keepScrollable();
  }

  /** Moves the scrollbar away from its end if there is more content in that direction. */
  #keepScrollable(): boolean {
    const margin = Math.min(2 * this.#viewportHeight, this.#lastTop / 2);
    if (this.#top <= 0 && this.#offset > 0) {
      this.#top = Math.max(this.#topFor(this.#offset), margin);
      return true;
    }
    if (this.#top >= this.#lastTop && this.#offset < this.lastOffset) {
      this.#top = Math.min(this.#topFor(this.#offset), this.#lastTop - margin);
      return true;
    }
    return false;
  }

  /** Moves the scrollbar to the position of the offset. Returns whether `scrollTop` must be set to {@link top}. */
  realign(): boolean {
    const top = this.#topFor(this.#offset);
    if (Math.abs(top - this.#top) < Math.max(1_000, this.#viewportHeight)) {
      return false;
    }
    this.#top = top;
    return true;
  }

  scrollTo(offset: number): void {
    this.#offset = Math.min(this.lastOffset, Math.max(0, offset));
    this.#top = this.#topFor(this.#offset);
  }

  get #isScaled(): boolean {
    return this.height !== this.#contentHeight;
  }

  get #lastTop(): number {
    return Math.max(0, this.height - this.#viewportHeight);
  }

  #topFor(offset: number): number {
    if (!this.#isScaled) {
      return offset;
    }
    return Math.round((offset / Math.max(1, this.lastOffset)) * this.#lastTop);
  }
}

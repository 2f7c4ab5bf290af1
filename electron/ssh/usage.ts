/** Whether something is used just now, and since when it is not. */
export class Usage {
  #users = 0;
  #idleSince = performance.now();

  /** Begins a use. The function that it returns ends it, however often it is called. */
  enter(): () => void {
    this.#users++;
    let left = false;
    return () => {
      if (!left) {
        left = true;
        this.#users--;
        this.#idleSince = performance.now();
      }
    };
  }

  /** When the last use ended, as `performance.now()` says it; undefined while there is one. */
  get idleSince(): number | undefined {
    return this.#users > 0 ? undefined : this.#idleSince;
  }
}

/** An event that a listener may refuse, as Electron gives it to `before-quit`, `close` or `will-navigate`. */
export class RefusableEvent {
  defaultPrevented = false;

  preventDefault(): void {
    this.defaultPrevented = true;
  }
}

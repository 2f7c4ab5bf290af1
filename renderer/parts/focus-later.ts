/**
 * Moves the focus when what has it now is gone. A dialog takes the focus itself when a control in it is removed, and once more in the
 * next frame, so this comes after that.
 * @param find called when the page has been rendered anew
 */
export function focusLater(find: () => HTMLElement | null | undefined): void {
  requestAnimationFrame(() => requestAnimationFrame(() => find()?.focus()));
}

import type { MouseEvent } from 'react';
import { create } from 'zustand';
import type { MenuItem } from './Menu.tsx';

interface ContextMenu {
  /** The items of the open menu, and those of the last one while it fades out. */
  readonly items: readonly MenuItem[];
  readonly isOpen: boolean;
  /** Where it opens, in pixels of the viewport. */
  readonly at: { readonly x: number; readonly y: number };
}

export const useContextMenu = create<ContextMenu>(() => ({ items: [], isOpen: false, at: { x: 0, y: 0 } }));

/**
 * Properties for an element that has a menu on right click, Shift+F10 and the menu key.
 * @param makeItems called when the menu opens; usually the items of the element's menu button
 */
export function contextMenu(makeItems: (event: MouseEvent<HTMLElement>) => readonly MenuItem[]) {
  return {
    onContextMenu: (event: MouseEvent<HTMLElement>) => {
      // the browser's own menu copies and pastes text
      if (event.defaultPrevented || isText(event.target)) {
        return;
      }
      const items = makeItems(event);
      if (items.length > 0) {
        event.preventDefault();
        useContextMenu.setState({ items, isOpen: true, at: pointOf(event) });
      }
    },
  };
}

function isText(target: EventTarget): boolean {
  const selection = window.getSelection();
  return (
    target instanceof HTMLElement &&
    (target.closest('input, textarea, [contenteditable="true"]') !== null ||
      (selection?.isCollapsed === false && selection.containsNode(target, true)))
  );
}

/** Keys open the menu below the element that has the focus. */
function pointOf({ clientX, clientY, currentTarget }: MouseEvent<HTMLElement>): ContextMenu['at'] {
  if (clientX !== 0 || clientY !== 0) {
    return { x: clientX, y: clientY };
  }
  const { left, bottom } = currentTarget.getBoundingClientRect();
  return { x: left, y: bottom };
}

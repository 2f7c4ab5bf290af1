import type { KeyboardEvent } from 'react';
import { isMac } from '../../parts/Kbd.tsx';
import type { Find } from './use-find.ts';
import type { LineSelection } from './use-line-selection.ts';
import type { LogPosition } from './use-log-position.ts';

export interface LogKeyTargets {
  readonly total: number;
  readonly markedLine: number | undefined;
  readonly position: LogPosition;
  readonly selection: LineSelection;
  readonly find: Find;
  readonly setFollowing: (isFollowing: boolean) => void;
  readonly copyLines: (first: number, last: number) => void;
}

/** Handles the keys of the lines of a log: copying, selecting, moving and finding. */
export function handleLogKey(event: KeyboardEvent<HTMLElement>, targets: LogKeyTargets): void {
  const { total, markedLine, position, selection, find, setFollowing, copyLines } = targets;
  const isCopy = event.key.toLowerCase() === 'c' && (isMac ? event.metaKey : event.ctrlKey);
  // text that is selected with the pointer is copied by the browser
  if (isCopy && selection.range && window.getSelection()?.isCollapsed !== false) {
    event.preventDefault();
    copyLines(...selection.range);
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  if (event.shiftKey && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
    event.preventDefault();
    const start = markedLine ?? position.topLine.current;
    const head = selection.extendBy(event.key === 'ArrowDown' ? 1 : -1, start, total);
    setFollowing(false);
    position.scrollTo(head, 'nearest');
    return;
  }
  const actions: Readonly<Record<string, () => void>> = {
    Home: () => position.goTo(0),
    g: () => position.goTo(0),
    End: () => setFollowing(true),
    G: () => setFollowing(true),
    '[': () => position.goToStep(-1),
    ']': () => position.goToStep(1),
    F3: () => find.step(event.shiftKey ? -1 : 1),
    ...(find.isOpen || selection.range ? { Escape: find.isOpen ? find.close : selection.clear } : {}),
  };
  const action = actions[event.key];
  if (action) {
    event.preventDefault();
    event.stopPropagation();
    action();
  }
}

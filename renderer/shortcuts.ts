import { useEffect } from 'react';
import { subscribeMenu } from './api.ts';
import { allCommands, useCommandStore } from './commands.ts';
import { isMac } from './parts/Kbd.tsx';
import { shortcuts } from './parts/shortcut-table.ts';

/** @param shortcut such as `Mod+Shift+K`, where Mod is Cmd on a Mac and Ctrl elsewhere */
export function matchesShortcut(event: KeyboardEvent, shortcut: string, onMac = isMac): boolean {
  const keys = shortcut.split('+');
  const key = keys.at(-1) ?? '';
  const mod = onMac ? event.metaKey : event.ctrlKey;
  const otherMod = onMac ? event.ctrlKey : event.metaKey;
  return (
    event.key.toLowerCase() === key.toLowerCase() &&
    mod === keys.includes('Mod') &&
    !otherMod &&
    event.altKey === keys.includes('Alt') &&
    // some keyboard layouts need Shift to type a character such as `?`
    (key.length === 1 && !/[a-z0-9]/i.test(key) ? true : event.shiftKey === keys.includes('Shift'))
  );
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** The keys that text fields need themselves. */
const textKeys: readonly string[] = [shortcuts.undo.keys];

/** Runs commands when their shortcuts are pressed. In text fields, shortcuts without Ctrl, Cmd or Alt and those that edit text are ignored. */
export function useShortcuts(): void {
  useEffect(() => {
    function onKeyDown(event: KeyboardEvent): void {
      if (event.defaultPrevented || event.isComposing) {
        return;
      }
      const command = allCommands(useCommandStore.getState()).find(
        ({ shortcut }) =>
          shortcut &&
          matchesShortcut(event, shortcut) &&
          ((/Mod|Alt/.test(shortcut) && !textKeys.includes(shortcut)) || !isTyping(event.target)),
      );
      if (command) {
        event.preventDefault();
        command.run();
      }
    }
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
}

/** Runs commands that are chosen in the system's menus. */
export function useMenuCommands(): void {
  useEffect(
    () =>
      subscribeMenu((id) => {
        allCommands(useCommandStore.getState())
          .find((command) => command.id === id)
          ?.run();
      }),
    [],
  );
}

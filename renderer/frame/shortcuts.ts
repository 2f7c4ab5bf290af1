import { useEffect } from 'react';
import { subscribeMenu } from '../api.ts';
import { allCommands, useCommandStore } from '../commands.ts';
import { isMac } from '../parts/Kbd.tsx';

/** Does a key press mean the shortcut, written as `Mod+Shift+K`? Mod is Cmd on a Mac, else Ctrl. */
export function matches(event: KeyboardEvent, shortcut: string, mac = isMac): boolean {
  const keys = shortcut.split('+');
  const key = keys.at(-1) ?? '';
  const mod = mac ? event.metaKey : event.ctrlKey;
  const otherMod = mac ? event.ctrlKey : event.metaKey;
  return (
    event.key.toLowerCase() === key.toLowerCase() &&
    mod === keys.includes('Mod') &&
    !otherMod &&
    event.altKey === keys.includes('Alt') &&
    // with a sign as `?` Shift only helps to type it
    (key.length === 1 && !/[a-z0-9]/i.test(key) ? true : event.shiftKey === keys.includes('Shift'))
  );
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Runs commands by their shortcuts wherever the focus is; keys without Ctrl, Cmd or Alt only where nobody types. */
export function useShortcuts(): void {
  useEffect(() => {
    function onKeyDown(event: KeyboardEvent): void {
      if (event.defaultPrevented || event.isComposing) {
        return;
      }
      const command = allCommands(useCommandStore.getState()).find(
        ({ shortcut }) => shortcut && matches(event, shortcut) && (/Mod|Alt/.test(shortcut) || !isTyping(event.target)),
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

/** Runs commands that were chosen in the system's menus. */
export function useMenu(): void {
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

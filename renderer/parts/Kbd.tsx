import { classes } from './classes.ts';
import styles from './Kbd.module.css';

export const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** What keyboards print on the keys, by the names that events have for them. */
const keyLabels: Readonly<Record<string, string>> = {
  Mod: 'Ctrl',
  Enter: '↵',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  Delete: 'Del',
};
const macKeyLabels: Readonly<Record<string, string>> = {
  ...keyLabels,
  Mod: '⌘',
  Shift: '⇧',
  Alt: '⌥',
  Backspace: '⌫',
  Delete: '⌦',
};

/** What screen readers say of keys: they skip signs. @texts */
const spokenKeys: Readonly<Record<string, string>> = {
  Enter: 'Enter',
  ArrowLeft: 'Left arrow',
  ArrowRight: 'Right arrow',
  ArrowUp: 'Up arrow',
  ArrowDown: 'Down arrow',
  Escape: 'Escape',
  Delete: 'Delete',
  Shift: 'Shift',
  ',': 'comma',
  '.': 'full stop',
  '/': 'slash',
  '?': 'question mark',
  '[': 'left bracket',
  ']': 'right bracket',
};

/** @texts */
const spokenMacKeys: Readonly<Record<string, string>> = { Mod: 'Command', Alt: 'Option' };
/** @texts */
const spokenOtherKeys: Readonly<Record<string, string>> = { Mod: 'Control', Alt: 'Alt' };

/** The keys of a shortcut in words. */
export function spokenKeysOf(shortcut: string, onMac = isMac): string {
  const names: Readonly<Record<string, string>> = { ...spokenKeys, ...(onMac ? spokenMacKeys : spokenOtherKeys) };
  return shortcut
    .split('+')
    .map((key) => names[key] ?? key)
    .join(' ');
}

/** The labels of the keys of a shortcut on the keyboards of this platform: `Mod+Enter` is ⌘ ↵ or Ctrl ↵. */
export function keysOf(shortcut: string, onMac = isMac): readonly string[] {
  const labels = onMac ? macKeyLabels : keyLabels;
  return shortcut.split('+').map((key) => labels[key] ?? (key.length === 1 ? key.toUpperCase() : key));
}

/** The keys of a shortcut, as they are labelled on the keyboards of this platform. */
export function Kbd({ keys, onFill = false }: { keys: string; onFill?: boolean }) {
  return (
    <span className={classes(styles.keys, onFill && styles.onFill)} aria-hidden="true">
      {keysOf(keys).map((label) => (
        <kbd key={label} className={styles.key}>
          {label}
        </kbd>
      ))}
    </span>
  );
}

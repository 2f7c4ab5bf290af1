import { classes } from './classes.ts';
import styles from './Kbd.module.css';

export const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

const macKeyLabels: Readonly<Record<string, string>> = { Mod: '⌘', Shift: '⇧', Alt: '⌥', Enter: '↵', Backspace: '⌫' };
const otherKeyLabels: Readonly<Record<string, string>> = { Mod: 'Ctrl', Enter: '↵' };

/** The keys of a shortcut as labelled on the keyboards of this platform: `Mod+Enter` is ⌘ ↵ or Ctrl ↵. */
export function Kbd({ keys, onFill = false }: { keys: string; onFill?: boolean }) {
  const labels = isMac ? macKeyLabels : otherKeyLabels;
  return (
    <span className={classes(styles.keys, onFill && styles.onFill)} aria-hidden="true">
      {keys.split('+').map((key) => (
        <kbd key={key} className={styles.key}>
          {labels[key] ?? (key.length === 1 ? key.toUpperCase() : key)}
        </kbd>
      ))}
    </span>
  );
}

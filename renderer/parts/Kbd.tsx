import { classes } from './classes.ts';
import styles from './Kbd.module.css';

export const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);

const macSigns: Readonly<Record<string, string>> = { Mod: '⌘', Shift: '⇧', Alt: '⌥', Enter: '↵', Backspace: '⌫' };
const otherSigns: Readonly<Record<string, string>> = { Mod: 'Ctrl', Enter: '↵' };

/** The keys of a shortcut as they are written on this system's keyboards: `Mod+Enter` is ⌘ ↵ or Ctrl ↵. */
export function Kbd({ keys, onFill = false }: { keys: string; onFill?: boolean }) {
  const signs = isMac ? macSigns : otherSigns;
  return (
    <span className={classes(styles.keys, onFill && styles.onFill)} aria-hidden="true">
      {keys.split('+').map((key) => (
        <kbd key={key} className={styles.key}>
          {signs[key] ?? (key.length === 1 ? key.toUpperCase() : key)}
        </kbd>
      ))}
    </span>
  );
}

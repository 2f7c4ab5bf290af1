import { useRef } from 'react';
import { Dialog } from '../parts/Dialog.tsx';
import { Kbd, spokenKeysOf } from '../parts/Kbd.tsx';
import { shortcutScopes, shortcuts } from '../parts/shortcut-table.ts';
import styles from './ShortcutsDialog.module.css';

/** Lists all shortcuts by where they work. */
export function ShortcutsDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  // arrow keys scroll the list
  const list = useRef<HTMLDivElement>(null);
  return (
    <Dialog open={open} onClose={onClose} title="Shortcuts" wide initialFocus={list}>
      <div ref={list} tabIndex={-1} className={styles.scopes}>
        {Object.entries(shortcutScopes).map(([scope, title]) => (
          <section key={scope} aria-label={title} className={styles.scope}>
            <h3>{title}</h3>
            <dl>
              {Object.entries(shortcuts)
                .filter(([, { where }]) => where === scope)
                .map(([id, { keys, label }]) => (
                  <div key={id} className={styles.shortcut}>
                    <dt>{label}</dt>
                    <dd>
                      <Kbd keys={keys} />
                      <span className="visually-hidden">{spokenKeysOf(keys)}</span>
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

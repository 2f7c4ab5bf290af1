import { Dialog } from '@base-ui/react/dialog';
import { Command as Cmdk } from 'cmdk';
import { useState } from 'react';
import { allCommands, type Command, useCommandStore } from '../commands.ts';
import { Icon } from '../parts/Icon.tsx';
import { Kbd } from '../parts/Kbd.tsx';
import styles from './Palette.module.css';

/** How many commands of a group are listed before a search text is entered. */
const maxUnfiltered = 6;

const groups: readonly Command['group'][] = ['Current view', 'Build', 'Push', 'Go to', 'Connections', 'App'];

/** Lists all commands and filters them by a search text. */
export function Palette({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.backdrop} />
        <Dialog.Popup className={styles.popup}>
          <Dialog.Title className="visually-hidden">Search and run commands</Dialog.Title>
          <CommandList onClose={onClose} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function CommandList({ onClose }: { onClose: () => void }) {
  const [search, setSearch] = useState('');
  const store = useCommandStore();
  const commands = allCommands(store).filter(({ id }) => id !== 'palette');
  return (
    <Cmdk label="Commands" loop>
      <div className={styles.search}>
        <Icon name="search" />
        <Cmdk.Input
          value={search}
          onValueChange={setSearch}
          placeholder="Build, push, go to…"
          aria-label="Search commands"
        />
        <Kbd keys="Esc" />
      </div>
      <Cmdk.List className={styles.list} label="Commands">
        <Cmdk.Empty className={styles.none}>No matching command.</Cmdk.Empty>
        {groups.map((group) => {
          const members = commands
            .filter((command) => command.group === group)
            .slice(0, search === '' ? maxUnfiltered : undefined);
          return members.length === 0 ? null : (
            <Cmdk.Group key={group} heading={group}>
              {members.map(({ id, label, icon, keywords = [], shortcut, run }) => (
                <Cmdk.Item
                  key={id}
                  value={id}
                  keywords={[label, ...keywords]}
                  onSelect={() => {
                    onClose();
                    run();
                  }}
                >
                  <Icon name={icon ?? 'chevron-right'} />
                  <span className={styles.label}>{label}</span>
                  {shortcut && <Kbd keys={shortcut} />}
                </Cmdk.Item>
              ))}
            </Cmdk.Group>
          );
        })}
      </Cmdk.List>
    </Cmdk>
  );
}

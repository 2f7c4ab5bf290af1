import { Dialog } from '@base-ui/react/dialog';
import { Command as Cmdk } from 'cmdk';
import { useMemo, useState } from 'react';
import { formatCount } from '../../shared/format.ts';
import { allCommands, type Command, commandGroups, useCommandStore } from '../commands.ts';
import { Icon } from '../parts/Icon.tsx';
import { Kbd } from '../parts/Kbd.tsx';
import { MiddleEllipsis } from '../parts/MiddleEllipsis.tsx';
import { shortcuts } from '../parts/shortcut-table.ts';
import { rankCommands, searchWords } from './command-score.ts';
import styles from './Palette.module.css';
import { listPaletteEntries } from './palette-entries.ts';
import { useProblemEntries } from './problem-entries.ts';

/** How many commands of a group are listed before a search text is entered. */
const maxUnfiltered = 6;
/** How many commands a search lists. */
const maxFound = 50;
/** The longest search, in characters. */
const maxSearch = 200;

const groups = Object.keys(commandGroups) as Command['group'][];

/** Lists all commands, and those that a search finds, best first. */
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
  const problems = useProblemEntries();
  // in the order of the groups: of commands that match equally well, the first one wins
  const commands = useMemo(() => {
    const all = [...allCommands(store), ...listPaletteEntries(), ...problems].filter(({ id }) => id !== 'palette');
    return groups.flatMap((group) => all.filter((command) => command.group === group));
  }, [store, problems]);
  const isSearching = searchWords(search).length > 0;
  const found = useMemo(
    () => (isSearching ? rankCommands(commands, search).slice(0, maxFound) : []),
    [commands, search, isSearching],
  );

  const item = (command: Command, group?: string) => (
    <Item
      key={command.id}
      command={command}
      group={group}
      onSelect={() => {
        onClose();
        command.run();
      }}
    />
  );
  return (
    <Cmdk label="Commands" loop shouldFilter={false}>
      <div className={styles.search}>
        <Icon name="search" />
        <Cmdk.Input
          // the dialog moves the focus a frame later, and what is typed until then would be lost
          autoFocus
          value={search}
          onValueChange={setSearch}
          maxLength={maxSearch}
          placeholder="Build, push, check, go to…"
          aria-label="Search commands"
        />
        <Kbd keys={shortcuts.close.keys} />
      </div>
      <Cmdk.Empty className={styles.none} role="status">
        No matching command.
      </Cmdk.Empty>
      <output className="visually-hidden">
        {isSearching && found.length > 0 && formatCount(found.length, 'command')}
      </output>
      <Cmdk.List className={styles.list} label="Commands">
        {isSearching
          ? found.map((command) => item(command, commandGroups[command.group]))
          : groups.map((group) => {
              // there are too many to choose from
              if (group === 'problems') {
                return null;
              }
              const members = commands.filter((command) => command.group === group).slice(0, maxUnfiltered);
              return members.length === 0 ? null : (
                <Cmdk.Group key={group} heading={commandGroups[group]}>
                  {members.map((command) => item(command))}
                </Cmdk.Group>
              );
            })}
      </Cmdk.List>
    </Cmdk>
  );
}

interface ItemProps {
  readonly command: Command;
  /** Shown if commands of several groups are listed together. */
  readonly group: string | undefined;
  readonly onSelect: () => void;
}

function Item({ command: { id, label, icon, shortcut, hint }, group, onSelect }: ItemProps) {
  return (
    <Cmdk.Item value={id} onSelect={onSelect}>
      <Icon name={icon ?? 'chevron-right'} />
      <span className={styles.label}>{label}</span>
      {(hint ?? group) && (
        <span className={styles.hint} aria-hidden="true">
          {hint === undefined ? group : <MiddleEllipsis text={hint} />}
        </span>
      )}
      {shortcut && <Kbd keys={shortcut} />}
    </Cmdk.Item>
  );
}

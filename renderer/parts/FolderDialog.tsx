import { useEffect, useState } from 'react';
import type { Folder } from '../../shared/contract.ts';
import { type Problem, problemOf } from '../../shared/problem.ts';
import { call } from '../api.ts';
import { Button } from './Button.tsx';
import { Chip } from './Chip.tsx';
import { classes } from './classes.ts';
import { Dialog } from './Dialog.tsx';
import styles from './FolderDialog.module.css';
import { Icon } from './Icon.tsx';
import { IconButton } from './IconButton.tsx';
import { ProblemNote } from './ProblemNote.tsx';
import { Waiting } from './Spinner.tsx';
import { TextField } from './TextField.tsx';

export interface FolderDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  /** Called with the absolute path of the folder. */
  readonly onChoose: (path: string) => void;
  /** Where it starts; without one, the person's home. */
  readonly start?: string | undefined;
  readonly title?: string;
  /** One sentence under the title: why it is asked, as `Browsers hide where a dropped folder is.` */
  readonly hint?: string;
  /** What is looked for: wherever folders are called like that, only they are shown at first. */
  readonly search?: string | undefined;
}

/** Chooses a folder on the computer that the app runs on, which a browser cannot do by itself. Folders that can be built stand out. */
export function FolderDialog({
  open,
  onClose,
  onChoose,
  start,
  title = 'Choose a project folder',
  hint,
  search = '',
}: FolderDialogProps) {
  const [folder, setFolder] = useState<Folder>();
  const [problem, setProblem] = useState<Problem>();
  const [typed, setTyped] = useState('');
  const [filter, setFilter] = useState('');
  const shown = folder?.folders.filter(({ name }) => isCalled(name, filter)) ?? [];
  const [only] = shown.length === 1 ? shown : [];

  async function go(path: string | undefined): Promise<void> {
    setProblem(undefined);
    try {
      const found = await call('folders.list', path ? { path } : {});
      setFolder(found);
      setTyped(found.path);
      setFilter(found.folders.some(({ name }) => isCalled(name, search)) ? search : '');
    } catch (error) {
      setProblem(problemOf(error));
    }
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: it starts anew each time it is opened
  useEffect(() => {
    if (open) {
      void go(start);
    }
  }, [open, start]);

  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={title}
      description={hint}
      wide
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" disabled={!folder} onClick={() => folder && onChoose(folder.path)}>
            Choose this folder
          </Button>
        </>
      }
      footerStart={folder?.hasContainerfile ? <Chip icon="check">Containerfile found</Chip> : undefined}
    >
      <div className={styles.path}>
        <IconButton icon="up" label="Up" disabled={!folder?.parent} onClick={() => void go(folder?.parent)} />
        <div className={styles.typed}>
          <TextField
            label="Path"
            hideLabel
            mono
            value={typed}
            onChange={setTyped}
            onKeyDown={(event) => {
              if (event.key === 'Enter') {
                void go(typed);
              }
            }}
          />
        </div>
        <div className={styles.filter}>
          <TextField
            label="Filter folders"
            hideLabel
            type="search"
            icon="search"
            placeholder="Filter"
            value={filter}
            onChange={setFilter}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && only) {
                void go(only.path);
              }
            }}
          />
        </div>
      </div>
      {problem && <ProblemNote problem={problem} />}
      {folder ? (
        <ul className={styles.list} aria-label={`Folders in ${folder.path}`}>
          {shown.map(({ name, path, hasContainerfile }) => (
            <li key={path}>
              <button
                type="button"
                className={classes(styles.folder, hasContainerfile && styles.project)}
                onClick={() => void go(path)}
                onDoubleClick={() => hasContainerfile && onChoose(path)}
              >
                <Icon name={hasContainerfile ? 'package' : 'folder'} />
                <span className={styles.name}>{name}</span>
                {hasContainerfile && <Chip small>Containerfile</Chip>}
              </button>
            </li>
          ))}
          {shown.length === 0 && (
            <li className={styles.none}>
              {folder.folders.length === 0 ? 'No folders in here.' : `No folder in here is called “${filter}”.`}
            </li>
          )}
        </ul>
      ) : (
        !problem && <Waiting>Reading the folder</Waiting>
      )}
    </Dialog>
  );
}

function isCalled(name: string, filter: string): boolean {
  return name.toLowerCase().includes(filter.trim().toLowerCase());
}

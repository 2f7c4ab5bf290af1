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
}

/** Chooses a folder on the computer that the app runs on, which a browser cannot do by itself. Folders that can be built stand out. */
export function FolderDialog({ open, onClose, onChoose, start, title = 'Choose a project folder' }: FolderDialogProps) {
  const [folder, setFolder] = useState<Folder>();
  const [problem, setProblem] = useState<Problem>();
  const [typed, setTyped] = useState('');

  async function go(path: string | undefined): Promise<void> {
    setProblem(undefined);
    try {
      const found = await call('folders.list', path ? { path } : {});
      setFolder(found);
      setTyped(found.path);
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
        <div style={{ flex: 1 }}>
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
      </div>
      {problem && <ProblemNote problem={problem} />}
      {folder ? (
        <ul className={styles.list} aria-label={`Folders in ${folder.path}`}>
          {folder.folders.map(({ name, path, hasContainerfile }) => (
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
          {folder.folders.length === 0 && <li className={styles.none}>No folders in here.</li>}
        </ul>
      ) : (
        !problem && <Waiting>Reading the folder</Waiting>
      )}
    </Dialog>
  );
}

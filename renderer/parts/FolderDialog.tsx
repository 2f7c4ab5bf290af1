import { useEffect, useState } from 'react';
import { type Problem, problemOf } from '../../shared/problem.ts';
import type { Folder } from '../../shared/project.ts';
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
  /** The folder to start in; the home folder by default. */
  readonly start?: string | undefined;
  readonly title?: string;
  /** A sentence under the title that says why the dialog opened, as `Browsers hide where a dropped folder is.` */
  readonly hint?: string;
  /** The name of the folder to find: in each folder with a matching subfolder, it is the initial filter. */
  readonly search?: string | undefined;
}

/**
 * Chooses a folder on the computer where the app runs, for which browsers have no dialog. Highlights folders with a
 * Containerfile.
 */
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
  const [typedPath, setTypedPath] = useState('');
  const [filter, setFilter] = useState('');
  const shown = folder?.folders.filter(({ name }) => nameMatches(name, filter)) ?? [];
  const [onlyMatch] = shown.length === 1 ? shown : [];

  async function openFolder(path: string | undefined): Promise<void> {
    setProblem(undefined);
    try {
      const opened = await call('folders.list', path ? { path } : {});
      setFolder(opened);
      setTypedPath(opened.path);
      setFilter(opened.folders.some(({ name }) => nameMatches(name, search)) ? search : '');
    } catch (error) {
      setProblem(problemOf(error));
    }
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: starts again each time it opens
  useEffect(() => {
    if (open) {
      void openFolder(start);
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
        <IconButton icon="up" label="Up" disabled={!folder?.parent} onClick={() => void openFolder(folder?.parent)} />
        <div className={styles.typed}>
          <TextField
            label="Path"
            hideLabel
            mono
            value={typedPath}
            onChange={setTypedPath}
            onKeyDown={(event) => {
              if (event.key === 'Enter') {
                void openFolder(typedPath);
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
              if (event.key === 'Enter' && onlyMatch) {
                void openFolder(onlyMatch.path);
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
                onClick={() => void openFolder(path)}
                onDoubleClick={() => hasContainerfile && onChoose(path)}
              >
                <Icon name={hasContainerfile ? 'package' : 'folder'} />
                <span className={styles.name}>{name}</span>
                {hasContainerfile && <Chip small>Containerfile</Chip>}
              </button>
            </li>
          ))}
          {shown.length === 0 && (
            <li className={styles.empty}>
              {folder.folders.length === 0 ? 'This folder has no subfolders.' : `No folders match “${filter}”.`}
            </li>
          )}
        </ul>
      ) : (
        !problem && <Waiting>Loading folder</Waiting>
      )}
    </Dialog>
  );
}

function nameMatches(name: string, filter: string): boolean {
  return name.toLowerCase().includes(filter.trim().toLowerCase());
}

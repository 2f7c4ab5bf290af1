import { useEffect, useState } from 'react';
import { type Problem, problemOf } from '../../../shared/problem.ts';
import type { Folder } from '../../../shared/project.ts';
import { call } from '../../api.ts';
import { Button } from '../../parts/Button.tsx';
import { Dialog } from '../../parts/Dialog.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { IconButton } from '../../parts/IconButton.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import styles from './FileDialog.module.css';

export interface FileDialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  /** Called with the absolute path of the file. */
  readonly onChoose: (path: string) => void;
  /** The folder to start in. Default: the home folder. */
  readonly start: string | undefined;
  readonly title?: string;
}

/** Chooses a file on the computer where the app runs, for which browsers have no dialog. */
export function FileDialog({ open, onClose, onChoose, start, title = 'Choose a Containerfile' }: FileDialogProps) {
  const [folder, setFolder] = useState<Folder>();
  const [problem, setProblem] = useState<Problem>();

  async function openFolder(path: string | undefined): Promise<void> {
    setProblem(undefined);
    try {
      setFolder(await call('folders.list', path === undefined ? {} : { path }));
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

  const separator = folder?.path.includes('\\') ? '\\' : '/';
  return (
    <Dialog open={open} onClose={onClose} title={title} wide footer={<Button onClick={onClose}>Cancel</Button>}>
      <div className={styles.path}>
        <IconButton
          icon="up"
          label="Up"
          disabled={!folder?.parent}
          onClick={() => folder?.parent && void openFolder(folder.parent)}
        />
        <code className={styles.name}>{folder?.path ?? start}</code>
      </div>
      {problem && <ProblemNote problem={problem} />}
      {folder ? (
        <ul className={styles.list} aria-label={`Folders and files in ${folder.path}`}>
          {folder.folders.map(({ name, path }) => (
            <li key={path}>
              <button type="button" className={styles.entry} onClick={() => void openFolder(path)}>
                <Icon name="folder" />
                <span className={styles.name}>{name}</span>
              </button>
            </li>
          ))}
          {folder.files?.map((name) => (
            <li key={name}>
              <button
                type="button"
                className={styles.entry}
                onClick={() => onChoose(`${folder.path.replace(/[/\\]$/, '')}${separator}${name}`)}
              >
                <Icon name="file" />
                <span className={styles.name}>{name}</span>
              </button>
            </li>
          ))}
          {folder.folders.length === 0 && folder.files?.length === 0 && (
            <li className={styles.empty}>This folder is empty.</li>
          )}
        </ul>
      ) : (
        !problem && <Waiting>Loading folder</Waiting>
      )}
    </Dialog>
  );
}

import type { ReactNode } from 'react';
import { contextName, withoutLogin } from '../../../shared/git-url.ts';
import { Button } from '../../parts/Button.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import type { ActionHandlers } from '../../parts/problem-actions.ts';
import { Select } from '../../parts/Select.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import styles from './NewBuild.module.css';
import type { ProjectState } from './use-project.ts';
import { useSourceProgress } from './use-source-progress.ts';

interface ProjectSectionProps {
  readonly context: string;
  readonly file: string | undefined;
  readonly state: ProjectState;
  readonly onChange: () => void;
  readonly onFile: (file: string | undefined) => void;
  readonly onChooseFile: () => void;
  readonly handlers: ActionHandlers;
  /** Shown beside the Containerfile. */
  readonly children: ReactNode;
}

/** The value of the choice that opens a dialog. No file has an empty path. */
const otherFile = '';

/** Shows the project folder, with a selection of its Containerfiles. */
export function ProjectSection({
  context,
  file,
  state,
  onChange,
  onFile,
  onChooseFile,
  handlers,
  children,
}: ProjectSectionProps) {
  const { project, containerfiles, problem, isLoading, reload } = state;
  const progress = useSourceProgress(context);
  const [defaultFile] = containerfiles;
  const files = file !== undefined && !containerfiles.includes(file) ? [...containerfiles, file] : containerfiles;
  return (
    <div className={styles.section}>
      <div className={styles.project}>
        <span className={styles.projectIcon}>
          <Icon name="package" size={18} />
        </span>
        <div className={styles.projectText}>
          <strong className={styles.projectName}>{project?.name ?? contextName(context)}</strong>
          <span className={styles.path} title={withoutLogin(context)}>
            {withoutLogin(context)}
            {project?.commit && ` at ${project.commit.slice(0, 12)}`}
          </span>
        </div>
        <Button size="small" onClick={onChange}>
          Change project…
        </Button>
      </div>
      {problem ? (
        <ProblemNote
          problem={problem}
          handlers={handlers}
          actions={
            <Button size="small" icon="refresh" busy={isLoading} onClick={reload}>
              Retry
            </Button>
          }
        />
      ) : (
        <div className={styles.beside}>
          {!project ? (
            <Waiting>{progress ?? 'Reading the project'}</Waiting>
          ) : files.length > 1 ? (
            <Select
              label="Containerfile"
              mono
              value={file ?? defaultFile}
              options={[...files.map((value) => ({ value, label: value })), { value: otherFile, label: 'Other file…' }]}
              onChange={(selected) =>
                selected === otherFile ? onChooseFile() : onFile(selected === defaultFile ? undefined : selected)
              }
            />
          ) : (
            <p className={styles.containerfile}>
              <Icon name="check" size={14} />
              {file ?? defaultFile} found
              <Button size="small" kind="quiet" onClick={onChooseFile}>
                Choose another…
              </Button>
            </p>
          )}
          {children}
        </div>
      )}
    </div>
  );
}

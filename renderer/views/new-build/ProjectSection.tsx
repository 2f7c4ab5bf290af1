import { type ReactNode, useMemo } from 'react';
import { formatReferenceShort } from '../../../shared/format.ts';
import { Button } from '../../parts/Button.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { ProblemNote } from '../../parts/ProblemNote.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { Select } from '../../parts/Select.tsx';
import { Waiting } from '../../parts/Spinner.tsx';
import { useBuilds } from '../../stores/builds.ts';
import { folderName, recentProjects } from '../farm/recent-projects.ts';
import styles from './NewBuild.module.css';
import type { ProjectState } from './use-project.ts';

interface ProjectSectionProps {
  readonly context: string;
  readonly file: string | undefined;
  readonly state: ProjectState;
  readonly onChange: () => void;
  readonly onFile: (file: string | undefined) => void;
  /** What stands beside the Containerfile: where it is built. */
  readonly children: ReactNode;
}

/** The folder that is built, and which of its Containerfiles. */
export function ProjectSection({ context, file, state, onChange, onFile, children }: ProjectSectionProps) {
  const { project, containerfiles, problem, busy, lookAgain } = state;
  const [standard] = containerfiles;
  const files = file !== undefined && !containerfiles.includes(file) ? [...containerfiles, file] : containerfiles;
  return (
    <div className={styles.section}>
      <div className={styles.project}>
        <span className={styles.projectSign}>
          <Icon name="package" size={18} />
        </span>
        <div className={styles.projectWords}>
          <strong className={styles.projectName}>{project?.name ?? folderName(context)}</strong>
          <span className={styles.path} title={context}>
            {context}
          </span>
        </div>
        <Button size="small" onClick={onChange}>
          Change project…
        </Button>
      </div>
      {problem ? (
        <ProblemNote
          problem={problem}
          actions={
            <Button size="small" icon="refresh" busy={busy} onClick={lookAgain}>
              Look again
            </Button>
          }
        />
      ) : (
        <div className={styles.beside}>
          {!project ? (
            <Waiting>Looking into the folder</Waiting>
          ) : files.length > 1 ? (
            <Select
              label="Containerfile"
              mono
              value={file ?? standard}
              options={files.map((value) => ({ value, label: value }))}
              onChange={(chosen) => onFile(chosen === standard ? undefined : chosen)}
            />
          ) : (
            <p className={styles.containerfile}>
              <Icon name="check" size={14} />
              {standard} found
            </p>
          )}
          {children}
        </div>
      )}
    </div>
  );
}

interface NoProjectProps {
  readonly onChoose: () => void;
  readonly onSample: () => void;
  readonly onProject: (context: string) => void;
}

/** What a build begins with: the ways to a project. */
export function NoProject({ onChoose, onSample, onProject }: NoProjectProps) {
  const order = useBuilds((state) => state.order);
  const recent = useMemo(() => {
    const { byId } = useBuilds.getState();
    return recentProjects(
      order.flatMap((id) => byId[id] ?? []),
      8,
    );
  }, [order]);
  return (
    <>
      <div className={styles.choose}>
        <span className={styles.chooseSign}>
          <Icon name="folder" size={20} />
        </span>
        <p className={styles.chooseTitle}>Drop a project folder here</p>
        <p className={styles.secondary}>It holds a Containerfile or Dockerfile, and what that copies.</p>
        <div className={styles.buttons}>
          <Button icon="folder" onClick={onChoose}>
            Choose a folder…
          </Button>
          <Button kind="quiet" onClick={onSample}>
            Try the sample project
          </Button>
        </div>
      </div>
      {recent.length > 0 && (
        <section aria-label="Projects built before" className={styles.section}>
          <div className={styles.sectionHead}>
            <h3>Built before</h3>
          </div>
          <ul className={styles.recent}>
            {recent.map(({ context, name, last }) => (
              <li key={context}>
                <button type="button" onClick={() => onProject(context)} title={context}>
                  <Icon name="package" />
                  <span className={styles.recentName}>{name}</span>
                  <span className={styles.recentReference}>{formatReferenceShort(last.reference)}</span>
                  <span className={styles.secondary}>
                    <RelativeTime time={last.createdAt} />
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

import { formatCount } from '../../../shared/format.ts';
import { lintRuleUrl } from '../../../shared/lint-rules.ts';
import type { Project, ProjectWarning } from '../../../shared/project.ts';
import { Icon } from '../../parts/Icon.tsx';
import { CollapsibleSection } from './CollapsibleSection.tsx';
import styles from './NewBuild.module.css';

/** What is found in the Containerfile, which a build can have anyway. Nothing if nothing is found. */
export function ContainerfileSection({ project }: { project: Project }) {
  const found = project.warnings.filter(({ rule }) => rule !== undefined);
  const warnings = found.filter(({ isNote }) => !isNote);
  const notes = found.filter(({ isNote }) => isNote);
  if (found.length === 0) {
    return null;
  }
  return (
    <CollapsibleSection
      title="Containerfile"
      summary={
        <>
          {warnings.length > 0 && (
            <span className={styles.warnings}>
              <Icon name="warning" size={14} /> {formatCount(warnings.length, 'warning')}
              {notes.length > 0 && ', '}
            </span>
          )}
          {notes.length > 0 && formatCount(notes.length, 'note')}
        </>
      }
    >
      {warnings.length > 0 && (
        <ul className={styles.warningList} aria-label="Warnings about the Containerfile">
          {warnings.map((finding) => (
            <FindingRow key={keyOf(finding)} finding={finding} />
          ))}
        </ul>
      )}
      {notes.length > 0 && (
        <ul className={styles.noteList} aria-label="Notes about the Containerfile">
          {notes.map((finding) => (
            <FindingRow key={keyOf(finding)} finding={finding} />
          ))}
        </ul>
      )}
    </CollapsibleSection>
  );
}

function keyOf({ path, line, rule, message }: ProjectWarning): string {
  return `${path} ${line} ${rule} ${message}`;
}

function FindingRow({ finding: { path, line, rule, message, isNote } }: { finding: ProjectWarning }) {
  const url = rule && lintRuleUrl(rule);
  return (
    <li>
      <Icon name={isNote ? 'info' : 'warning'} size={14} />
      <p>
        <code>
          {path}:{line}
        </code>{' '}
        {message}{' '}
        {url ? (
          <a href={url} target="_blank" rel="noreferrer" className={styles.rule}>
            {rule}
          </a>
        ) : (
          <span className={styles.rule}>{rule}</span>
        )}
      </p>
    </li>
  );
}

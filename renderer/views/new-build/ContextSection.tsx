import { formatBytes, formatCount, formatNumber } from '../../../shared/format.ts';
import type { Project, ProjectWarning } from '../../../shared/project.ts';
import { Button } from '../../parts/Button.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { type ActionHandlers, actionButtons } from '../../parts/problem-actions.ts';
import { CollapsibleSection } from './CollapsibleSection.tsx';
import styles from './NewBuild.module.css';

interface ContextSectionProps {
  readonly project: Project;
  /** Adds patterns to the project's ignore file. */
  readonly onIgnore: (patterns: readonly string[]) => void;
  /** What other buttons of warnings do. */
  readonly handlers: ActionHandlers;
}

/** Summarizes the build context. Expands to warnings and the largest files. */
export function ContextSection({ project, onIgnore, handlers }: ContextSectionProps) {
  const { files, bytes, ignoredCount, largest } = project;
  // what is found in the Containerfile has a section of its own
  const warnings = project.warnings.filter(({ rule }) => rule === undefined);
  const maxBytes = largest[0]?.bytes ?? 0;
  const patterns = warnings.flatMap(({ actions = [] }) =>
    actions.flatMap((action) => (action.id === 'ignore-files' ? action.patterns : [])),
  );
  return (
    <CollapsibleSection
      title="Context"
      summary={
        <>
          {formatBytes(bytes)} in {formatCount(files, 'file')}, {formatNumber(ignoredCount)} ignored
          {warnings.length > 0 && (
            <span className={styles.warnings}>
              {', '}
              <Icon name="warning" size={14} /> {formatCount(warnings.length, 'warning')}
            </span>
          )}
        </>
      }
    >
      {warnings.length > 0 && (
        <ul className={styles.warningList} aria-label="Warnings">
          {warnings.map((warning) => (
            <WarningRow
              key={`${warning.kind} ${warning.path} ${warning.line ?? ''} ${warning.message}`}
              warning={warning}
              handlers={{ ...handlers, 'ignore-files': (action) => onIgnore(action.patterns) }}
            />
          ))}
        </ul>
      )}
      {patterns.length > 1 && (
        <p className={styles.secondary}>
          Files listed in <code>.containerignore</code> or <code>.dockerignore</code> are not sent.{' '}
          <Button size="small" onClick={() => onIgnore(patterns)}>
            Ignore all {patterns.length}
          </Button>
        </p>
      )}
      {largest.length > 0 && (
        <ul className={styles.largest} aria-label="Largest files">
          {largest.map((file) => (
            <li key={file.path}>
              <code className={styles.file} title={file.path}>
                {file.path}
              </code>
              <span className={styles.share} aria-hidden="true">
                <span style={{ width: `${maxBytes > 0 ? (100 * file.bytes) / maxBytes : 0}%` }} />
              </span>
              <span className={styles.size}>{formatBytes(file.bytes)}</span>
            </li>
          ))}
        </ul>
      )}
    </CollapsibleSection>
  );
}

function WarningRow({ warning, handlers }: { warning: ProjectWarning; handlers: ActionHandlers }) {
  const { path, line, message, actions = [] } = warning;
  return (
    <li>
      <Icon name="warning" size={14} />
      <p>
        <code>{path}</code>
        {line === undefined ? ' ' : `, line ${line}: `}
        {message}
      </p>
      {actionButtons(actions, handlers).map(({ id, label, run }) => (
        <Button key={id} size="small" onClick={run}>
          {label}
          <span className="visually-hidden">: {path}</span>
        </Button>
      ))}
    </li>
  );
}

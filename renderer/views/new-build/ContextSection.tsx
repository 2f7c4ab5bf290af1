import { formatBytes, formatCount, formatNumber } from '../../../shared/format.ts';
import type { Project } from '../../../shared/project.ts';
import { Icon } from '../../parts/Icon.tsx';
import { CollapsibleSection } from './CollapsibleSection.tsx';
import styles from './NewBuild.module.css';

/** Summarizes the build context. Expands to warnings and the largest files. */
export function ContextSection({ project }: { project: Project }) {
  const { files, bytes, ignoredCount, largest, warnings } = project;
  const maxBytes = largest[0]?.bytes ?? 0;
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
          {warnings.map(({ kind, path, message }) => (
            <li key={`${kind} ${path}`}>
              <Icon name="warning" size={14} />
              <p>
                <code>{path}</code> {message.startsWith(`${path} `) ? message.slice(path.length + 1) : message}
              </p>
            </li>
          ))}
        </ul>
      )}
      {warnings.length > 0 && (
        <p className={styles.secondary}>
          Files listed in <code>.containerignore</code> or <code>.dockerignore</code> are not sent.
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

import type { Discovery } from '../../../shared/discovery.ts';
import { formatCount } from '../../../shared/format.ts';
import { Icon } from '../../parts/Icon.tsx';
import styles from './Discovered.module.css';

/** Lists the entries that were found but cannot be used, with the reasons. Collapsed at first. */
export function SkippedEntries({ notes }: Pick<Discovery, 'notes'>) {
  return notes.length === 0 ? null : (
    <details className={styles.skipped}>
      <summary>
        <Icon name="chevron-right" size={14} className={styles.fold} />
        {formatCount(notes.length, 'entry', 'entries')} skipped
      </summary>
      <ul>
        {notes.map(({ path, message }) => (
          <li key={`${path} ${message}`}>
            <p>{message}</p>
            <code>{path}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

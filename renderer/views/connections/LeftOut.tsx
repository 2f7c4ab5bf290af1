import type { Discovery } from '../../../shared/discovery.ts';
import { formatCount } from '../../../shared/format.ts';
import { Icon } from '../../parts/Icon.tsx';
import styles from './Found.module.css';

/** What was found and cannot be offered, and why: a line that unfolds. */
export function LeftOut({ notes }: Pick<Discovery, 'notes'>) {
  return notes.length === 0 ? null : (
    <details className={styles.leftOut}>
      <summary>
        <Icon name="chevron-right" size={14} className={styles.fold} />
        {formatCount(notes.length, 'thing was', 'things were')} left out
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

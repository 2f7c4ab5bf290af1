import type { BuildRequest } from '../../../shared/build.ts';
import { requestOptionNames } from '../../../shared/build-options.ts';
import { changedValues } from '../../parts/option-words.ts';
import { Popover } from '../../parts/Popover.tsx';
import styles from './ChangedOptions.module.css';

/** The options of a build that differ from their defaults, behind a button with their number. */
export function ChangedOptions({ request }: { request: BuildRequest }) {
  const changed = changedValues(
    request,
    requestOptionNames.filter((name) => name !== 'file'),
  );
  if (changed.length === 0) {
    return 'none changed';
  }
  return (
    <Popover
      title="Options"
      align="end"
      trigger={
        <button type="button" className={styles.button}>
          {changed.length} changed
        </button>
      }
    >
      <dl className={styles.options}>
        {changed.map(({ name, label, flag, lines }) => (
          <div key={name} className={styles.option}>
            <dt>
              {label}
              {flag && <code className={styles.flag}>{flag}</code>}
            </dt>
            <dd>
              {lines.map((line) => (
                <code key={line} className={styles.line}>
                  {line}
                </code>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Popover>
  );
}

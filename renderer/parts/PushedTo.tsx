import { usePushesOf } from '../stores/push-history.ts';
import { Icon } from './Icon.tsx';
import styles from './PushedTo.module.css';
import { RelativeTime } from './Quantity.tsx';

/** More destinations are counted. */
const maxShown = 3;

/** Where an image was pushed and when, the last destination first. Nothing if it was not pushed since it was built. */
export function PushedTo({ reference, digest }: { reference: string; digest: string }) {
  const records = usePushesOf(reference, digest);
  if (records.length === 0) {
    return null;
  }
  return (
    <ul className={styles.list} aria-label="Pushed to">
      {records.slice(0, maxShown).map(({ destination, at }) => (
        <li key={destination}>
          <Icon name="check" size={14} className={styles.icon} />
          <span className={styles.text}>
            Pushed to <code title={destination}>{destination}</code>
          </span>
          <span className={styles.time}>
            <RelativeTime time={at} />
          </span>
        </li>
      ))}
      {records.length > maxShown && <li className={styles.time}>and {records.length - maxShown} more</li>}
    </ul>
  );
}

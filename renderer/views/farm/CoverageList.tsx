import { formatCount, formatList } from '../../../shared/format.ts';
import { wordOf } from '../../../shared/words.ts';
import { classes } from '../../parts/classes.ts';
import { Tooltip } from '../../parts/Tooltip.tsx';
import { type Coverage, formatCoverage } from '../../stores/coverage.ts';
import styles from './CoverageList.module.css';

/** With more nodes than this, their number is shown instead of their names. */
const maxNames = 6;

/** `native on big-amd and pi4; emulated on this-computer` */
export function describeNodes({ native, emulated }: Coverage): string {
  const on = (mode: string, names: readonly string[]): string =>
    names.length === 0
      ? ''
      : `${wordOf(mode)} on ${names.length > maxNames ? formatCount(names.length, 'node') : formatList(names)}`;
  return [on('native', native), on('emulated', emulated)].filter(Boolean).join('; ');
}

/** The square that marks native or emulated builds. */
export function ModeMark({ mode }: { mode: 'native' | 'emulated' }) {
  return <span className={classes(styles.mark, styles[mode])} aria-hidden="true" />;
}

/** Lists the platforms that a farm can build. With `isHighlighted`, the default platforms are highlighted. */
export function CoverageList({ coverage, isHighlighted }: { coverage: readonly Coverage[]; isHighlighted: boolean }) {
  return (
    <ul className={styles.list} aria-label="Platforms of this farm">
      {coverage.map((entry) => (
        <li
          key={entry.platform}
          className={classes(styles.entry, isHighlighted && entry.isDefault && styles.highlighted)}
        >
          <Tooltip text={describeNodes(entry)}>
            <span className={styles.text}>
              <ModeMark mode={entry.native.length > 0 ? 'native' : 'emulated'} />
              <span className={styles.platform}>{entry.platform}</span> {formatCoverage(entry)}
            </span>
          </Tooltip>
        </li>
      ))}
    </ul>
  );
}

import { formatList } from '../../../shared/format.ts';
import { classes } from '../../parts/classes.ts';
import { Tooltip } from '../../parts/Tooltip.tsx';
import styles from './Coverage.module.css';
import { type Coverage, coverageWords } from './coverage.ts';

/** More names than this are a number. */
const mostNames = 6;

/** `native on big-amd and pi4; emulated on this-computer`, in a few words where there are many. */
export function namesOf({ native, emulated }: Coverage): string {
  const on = (mode: string, names: readonly string[]): string =>
    names.length === 0 ? '' : `${mode} on ${names.length > mostNames ? `${names.length} nodes` : formatList(names)}`;
  return [on('native', native), on('emulated', emulated)].filter(Boolean).join('; ');
}

/** The square that stands for a way to build, beside the word for it. */
export function ModeMark({ mode }: { mode: 'native' | 'emulated' }) {
  return <span className={classes(styles.mark, styles[mode])} aria-hidden="true" />;
}

/** What a farm can build, in one line that wraps. `lit` are the platforms that a folder held over the window would be built for. */
export function CoverageLine({ coverage, lit }: { coverage: readonly Coverage[]; lit: boolean }) {
  return (
    <ul className={styles.line} aria-label="What this farm can build">
      {coverage.map((each) => (
        <li key={each.platform} className={classes(styles.entry, lit && each.isDefault && styles.lit)}>
          <Tooltip text={namesOf(each)}>
            <span className={styles.words}>
              <ModeMark mode={each.native.length > 0 ? 'native' : 'emulated'} />
              <span className={styles.platform}>{each.platform}</span> {coverageWords(each)}
            </span>
          </Tooltip>
        </li>
      ))}
    </ul>
  );
}

import { PhaseBadge } from '../../parts/PhaseBadge.tsx';
import { useChecks } from '../../stores/checks.ts';
import styles from './Check.module.css';

/** What a node said when something was mended there. What went wrong stands beside the button that started it. */
export function FixReport({ name }: { name: string }) {
  const run = useChecks(({ fixes }) => fixes[name]);
  return run?.status === 'done' ? (
    <div role="status" className={styles.fixed}>
      <PhaseBadge phase="done" word={`${run.label}: done`} />
      {run.said ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and keys must be able to scroll it
        <pre tabIndex={0}>{run.said}</pre>
      ) : (
        <span className={styles.quiet}>{name} said nothing about it.</span>
      )}
    </div>
  ) : null;
}

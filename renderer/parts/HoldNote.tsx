import { formatAgo } from '../../shared/format.ts';
import type { NodeHold } from '../../shared/queue.ts';
import { holdWords } from '../../shared/queue-text.ts';
import { classes } from './classes.ts';
import styles from './HoldNote.module.css';
import { Icon } from './Icon.tsx';
import { Tooltip } from './Tooltip.tsx';
import { useSlowNow } from './use-now.ts';

/** That a node is paused or drained, with who did it and why. */
export function HoldNote({ hold, className }: { readonly hold: NodeHold; readonly className?: string | undefined }) {
  const now = useSlowNow();
  const { state, reason, by, at } = hold;
  const who = `${by ? `By ${by}, ` : ''}${formatAgo(new Date(at), new Date(now))}`;
  return (
    <Tooltip text={reason ? `${reason}. ${who}` : who}>
      <span className={classes(styles.note, className)}>
        <Icon name={state === 'paused' ? 'pause' : 'down'} size={12} />
        <span>{holdWords[state]}</span>
        {reason && <span className={styles.reason}>{reason}</span>}
      </span>
    </Tooltip>
  );
}

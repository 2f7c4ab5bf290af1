import type { Health } from '../stores/nodes.ts';
import { classes } from './classes.ts';
import styles from './HealthDot.module.css';

const healthWords: Readonly<Record<Health, string>> = {
  up: 'Up',
  lost: 'Lost',
  down: 'Down',
  probing: 'Checking',
  unknown: 'Not checked yet',
};

/** The text for the health of a node. */
export function healthWord(health: Health): string {
  return healthWords[health];
}

/** The health of a node as a dot: full, half, ring, spinning or faint ring. Its text is for screen readers. */
export function HealthDot({ health }: { health: Health }) {
  return <span role="img" aria-label={healthWords[health]} className={classes(styles.dot, styles[health])} />;
}

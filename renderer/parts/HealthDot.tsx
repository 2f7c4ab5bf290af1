import { type Health, healthWords } from '../stores/nodes.ts';
import { classes } from './classes.ts';
import styles from './HealthDot.module.css';

/** The text for the health of a node. */
export function healthWord(health: Health): string {
  return healthWords[health];
}

/** The health of a node as a dot: full, half, ring, dotted, spinning or faint ring. Its text is for screen readers. */
export function HealthDot({ health }: { health: Health }) {
  return <span role="img" aria-label={healthWords[health]} className={classes(styles.dot, styles[health])} />;
}

import type { Health } from '../stores/nodes.ts';
import { classes } from './classes.ts';
import styles from './HealthDot.module.css';

const words: Readonly<Record<Health, string>> = {
  up: 'Up',
  lost: 'Lost',
  down: 'Down',
  probing: 'Being asked',
  unknown: 'Not asked yet',
};

/** The word for a node's health. */
export function healthWord(health: Health): string {
  return words[health];
}

/** A node's health: full, half, ring, turning, faint ring; with its word for screen readers. */
export function HealthDot({ health }: { health: Health }) {
  return <span role="img" aria-label={words[health]} className={classes(styles.dot, styles[health])} />;
}

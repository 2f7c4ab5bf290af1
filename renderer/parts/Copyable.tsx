import styles from './Copyable.module.css';
import { CopyButton } from './CopyButton.tsx';
import { classes } from './classes.ts';

export interface CopyableProps {
  readonly text: string;
  /** What it is, for the button: `digest`, `reference`, `command`. */
  readonly what: string;
  /** What is shown instead of the whole text, as a short digest. */
  readonly shown?: string;
  /** A box of its own, for commands. */
  readonly block?: boolean;
}

/** A digest, reference, path or command in the mono face, with its copy button. */
export function Copyable({ text, what, shown, block = false }: CopyableProps) {
  return (
    <span className={classes(styles.copyable, block && styles.block)}>
      <code className={styles.text} title={shown === undefined ? undefined : text}>
        {shown ?? text}
      </code>
      <CopyButton text={text} what={what} />
    </span>
  );
}

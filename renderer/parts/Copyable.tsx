import styles from './Copyable.module.css';
import { CopyButton } from './CopyButton.tsx';
import { classes } from './classes.ts';

export interface CopyableProps {
  readonly text: string;
  /** The name of the text, for the label of the button: `digest`, `reference`, `command`. */
  readonly what: string;
  /** A shorter text to show, as a short digest. */
  readonly shown?: string;
  /** Shown as a block, for commands. */
  readonly block?: boolean;
}

/** A digest, reference, path or command in a monospaced font, with a copy button. */
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

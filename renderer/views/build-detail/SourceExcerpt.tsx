import { formatPathShort } from '../../../shared/format.ts';
import { CopyButton } from '../../parts/CopyButton.tsx';
import { classes } from '../../parts/classes.ts';
import { type ContainerfileSource, containerfileExcerpt } from './containerfile-source.ts';
import styles from './Failures.module.css';

export interface SourceExcerptProps {
  readonly source: ContainerfileSource;
  /** The lines that stand out, counted from 1. */
  readonly lines: { readonly firstLine: number; readonly lastLine: number };
}

/** Lines of the Containerfile, with those around them. */
export function SourceExcerpt({ source, lines: { firstLine, lastLine } }: SourceExcerptProps) {
  const name = formatPathShort(source.path);
  const title = firstLine === lastLine ? `${name}, line ${firstLine}` : `${name}, lines ${firstLine}–${lastLine}`;
  return (
    <figure className={styles.figure} aria-label={title}>
      <figcaption className={styles.caption}>
        <span className="truncate" title={source.path}>
          {title}
        </span>
        <CopyButton text={`${source.path}:${firstLine}`} what="location" />
      </figcaption>
      <pre className={styles.code}>
        {containerfileExcerpt(source, { firstLine, lastLine }).map(({ number, text, isHighlighted }) => (
          <span key={number} className={classes(styles.line, styles.numbered, isHighlighted && styles.highlighted)}>
            <span className={styles.lineNumber}>{number}</span>
            <span>{text || ' '}</span>
          </span>
        ))}
      </pre>
    </figure>
  );
}

import { Field as Base } from '@base-ui/react/field';
import type { ReactNode } from 'react';
import { classes } from './classes.ts';
import styles from './Field.module.css';
import { Icon } from './Icon.tsx';

export interface FieldProps {
  readonly label: string;
  /** The label is for screen readers only, since the layout makes the purpose of the field clear. */
  readonly hideLabel?: boolean;
  readonly optional?: boolean;
  /** Shown beside the label, and no part of it. */
  readonly labelNote?: ReactNode;
  /** The control is at the right of the label and the description, as in a list of settings. */
  readonly inRow?: boolean | undefined;
  readonly description?: ReactNode;
  /** What is wrong with the value, as a sentence. Screen readers announce it. */
  readonly error?: string | undefined;
  readonly children: ReactNode;
  readonly className?: string;
}

/** A control with its label, description and error. TextField, NumberField and Select include it. */
export function Field({
  label,
  hideLabel,
  optional,
  labelNote,
  inRow = false,
  description,
  error,
  children,
  className,
}: FieldProps) {
  const labelElement = (
    <Base.Label className={hideLabel ? 'visually-hidden' : styles.label}>
      {label}
      {optional && <span className={styles.optional}> optional</span>}
    </Base.Label>
  );
  return (
    <Base.Root invalid={error !== undefined} className={classes(inRow ? styles.fieldRow : styles.field, className)}>
      {labelNote ? (
        <div className={styles.labelRow}>
          {labelElement}
          {labelNote}
        </div>
      ) : (
        labelElement
      )}
      {inRow ? <div className={styles.rowControl}>{children}</div> : children}
      {description && <Base.Description className={styles.description}>{description}</Base.Description>}
      <Base.Error match={error !== undefined} className={styles.error}>
        <Icon name="warning" size={14} />
        {error}
      </Base.Error>
    </Base.Root>
  );
}

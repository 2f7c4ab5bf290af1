import { Field as Base } from '@base-ui/react/field';
import type { ReactNode } from 'react';
import styles from './Field.module.css';
import { Icon } from './Icon.tsx';

export interface FieldProps {
  readonly label: string;
  /** The label is for screen readers only, since the layout makes the purpose of the field clear. */
  readonly hideLabel?: boolean;
  readonly optional?: boolean;
  readonly description?: ReactNode;
  /** What is wrong with the value, as a sentence. Screen readers announce it. */
  readonly error?: string | undefined;
  readonly children: ReactNode;
  readonly className?: string;
}

/** A control with its label, description and error. TextField, NumberField and Select include it. */
export function Field({ label, hideLabel, optional, description, error, children, className }: FieldProps) {
  return (
    <Base.Root invalid={error !== undefined} className={[styles.field, className].filter(Boolean).join(' ')}>
      <Base.Label className={hideLabel ? 'visually-hidden' : styles.label}>
        {label}
        {optional && <span className={styles.optional}>optional</span>}
      </Base.Label>
      {children}
      {description && <Base.Description className={styles.description}>{description}</Base.Description>}
      <Base.Error match={error !== undefined} className={styles.error}>
        <Icon name="warning" size={14} />
        {error}
      </Base.Error>
    </Base.Root>
  );
}

import { NumberField as Base } from '@base-ui/react/number-field';
import { useEffect, useState } from 'react';
import { classes } from './classes.ts';
import styles from './Field.module.css';
import { Field, type FieldProps } from './Field.tsx';
import { Icon } from './Icon.tsx';

export interface NumberFieldProps extends Omit<FieldProps, 'children'> {
  readonly value: number;
  /** Called with an integer between `min` and `max` when the user has finished editing. */
  readonly onCommit: (value: number) => void;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly disabled?: boolean;
}

export function NumberField({ value, onCommit, min, max, step = 1, disabled = false, ...field }: NumberFieldProps) {
  const [draft, setDraft] = useState<number | null>(value);
  useEffect(() => setDraft(value), [value]);
  return (
    <Field {...field}>
      <Base.Root
        value={draft}
        onValueChange={setDraft}
        onValueCommitted={(committed) => {
          if (committed === null) {
            setDraft(value);
          } else if (committed !== value) {
            onCommit(Math.round(committed));
          }
        }}
        min={min}
        max={max}
        step={step}
        disabled={disabled}
        locale="en-US"
      >
        <Base.Group className={styles.numberGroup}>
          <Base.Decrement className={styles.step} aria-label={`Decrease ${field.label}`}>
            <Icon name="minus" size={12} />
          </Base.Decrement>
          <Base.Input aria-roledescription="Number field" className={classes(styles.input, styles.number)} />
          <Base.Increment className={styles.step} aria-label={`Increase ${field.label}`}>
            <Icon name="plus" size={12} />
          </Base.Increment>
        </Base.Group>
      </Base.Root>
    </Field>
  );
}

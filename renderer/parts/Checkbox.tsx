import { Checkbox as Base } from '@base-ui/react/checkbox';
import { type ReactNode, useId } from 'react';
import styles from './Checkbox.module.css';
import { classes } from './classes.ts';
import { Icon } from './Icon.tsx';

export interface CheckboxProps {
  readonly label: ReactNode;
  readonly description?: ReactNode;
  readonly checked: boolean;
  /** Some, but not all, of the items it represents are checked. */
  readonly indeterminate?: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
  /** The label is for screen readers only. */
  readonly hideLabel?: boolean;
}

export function Checkbox({
  label,
  description,
  checked,
  indeterminate = false,
  onChange,
  disabled = false,
  hideLabel = false,
}: CheckboxProps) {
  const [id, labelId] = [useId(), useId()];
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the checkbox inside
    <label className={classes(styles.row, disabled && styles.disabled)}>
      <Base.Root
        checked={checked}
        indeterminate={indeterminate}
        onCheckedChange={onChange}
        disabled={disabled}
        aria-labelledby={labelId}
        aria-describedby={description ? id : undefined}
        className={styles.box}
      >
        <Base.Indicator>
          <Icon name={indeterminate ? 'minus' : 'check'} size={12} />
        </Base.Indicator>
      </Base.Root>
      <span className={hideLabel ? 'visually-hidden' : undefined}>
        <span id={labelId}>{label}</span>
        {description && (
          <span id={id} className={styles.description}>
            {description}
          </span>
        )}
      </span>
    </label>
  );
}

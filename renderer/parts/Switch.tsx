import { Switch as Base } from '@base-ui/react/switch';
import { type ReactNode, useId } from 'react';
import styles from './Checkbox.module.css';
import { classes } from './classes.ts';

export interface SwitchProps {
  readonly label: ReactNode;
  readonly description?: ReactNode;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
  readonly hideLabel?: boolean;
}

/** A setting that changes immediately. In a form that is submitted later, use Checkbox. */
export function Switch({ label, description, checked, onChange, disabled = false, hideLabel = false }: SwitchProps) {
  const [id, labelId] = [useId(), useId()];
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the switch inside
    <label className={classes(styles.switchRow, disabled && styles.disabled)}>
      <span className={hideLabel ? 'visually-hidden' : undefined}>
        <span id={labelId}>{label}</span>
        {description && (
          <span id={id} className={styles.description}>
            {description}
          </span>
        )}
      </span>
      <Base.Root
        checked={checked}
        onCheckedChange={onChange}
        disabled={disabled}
        aria-labelledby={labelId}
        aria-describedby={description ? id : undefined}
        className={styles.switch}
      >
        <Base.Thumb className={styles.thumb} />
      </Base.Root>
    </label>
  );
}

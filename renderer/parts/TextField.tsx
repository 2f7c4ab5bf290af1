import { Field as Base } from '@base-ui/react/field';
import type { KeyboardEvent, ReactNode, Ref } from 'react';
import { classes } from './classes.ts';
import styles from './Field.module.css';
import { Field, type FieldProps } from './Field.tsx';
import { Icon, type IconName } from './Icon.tsx';

export interface TextFieldProps extends Omit<FieldProps, 'children'> {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
  readonly type?: 'text' | 'password' | 'search';
  /** For references, URIs, paths and digests. */
  readonly mono?: boolean;
  readonly icon?: IconName;
  /** A small button at the end, such as a folder chooser. */
  readonly after?: ReactNode;
  readonly disabled?: boolean;
  readonly autoFocus?: boolean;
  readonly name?: string;
  readonly autoComplete?: string;
  readonly list?: string;
  readonly onBlur?: () => void;
  readonly onKeyDown?: (event: KeyboardEvent<HTMLInputElement>) => void;
  readonly ref?: Ref<HTMLInputElement>;
}

export function TextField({
  label,
  hideLabel,
  optional,
  labelNote,
  inRow,
  description,
  error,
  className,
  value,
  onChange,
  mono = false,
  icon,
  after,
  type = 'text',
  autoComplete = 'off',
  ...rest
}: TextFieldProps) {
  const field = { label, hideLabel, optional, labelNote, inRow, description, error, className };
  return (
    <Field {...field}>
      <div className={styles.control}>
        {icon && <Icon name={icon} className={styles.before} />}
        <Base.Control
          {...rest}
          type={type}
          value={value}
          onValueChange={onChange}
          autoComplete={autoComplete}
          spellCheck={false}
          autoCapitalize="off"
          className={classes(
            styles.input,
            mono && styles.mono,
            icon && styles.withBefore,
            Boolean(after) && styles.withAfter,
          )}
        />
        {after && <div className={styles.after}>{after}</div>}
      </div>
    </Field>
  );
}

import { Field as Base } from '@base-ui/react/field';
import { classes } from './classes.ts';
import styles from './Field.module.css';
import { Field, type FieldProps } from './Field.tsx';

export interface TextAreaProps extends Omit<FieldProps, 'children'> {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
}

const maxRows = 8;

/** Text of several lines. It is as high as its lines, up to a limit. */
export function TextArea({ value, onChange, placeholder, ...field }: TextAreaProps) {
  const rows = Math.min(maxRows, Math.max(2, value.split('\n').length));
  return (
    <Field {...field}>
      <Base.Control
        render={<textarea rows={rows} />}
        value={value}
        onValueChange={onChange}
        placeholder={placeholder}
        spellCheck={false}
        autoCapitalize="off"
        className={classes(styles.input, styles.area, styles.mono)}
      />
    </Field>
  );
}

import { Select as Base } from '@base-ui/react/select';
import { classes } from './classes.ts';
import { Field, type FieldProps } from './Field.tsx';
import { Icon } from './Icon.tsx';
import styles from './Popup.module.css';

export interface SelectOption<T extends string> {
  readonly value: T;
  readonly label: string;
  /** A description, shown in grey below the label. */
  readonly hint?: string;
  readonly disabled?: boolean;
}

export interface SelectProps<T extends string> extends Omit<FieldProps, 'children'> {
  readonly value: T | undefined;
  readonly options: readonly SelectOption<T>[];
  readonly onChange: (value: T) => void;
  readonly placeholder?: string;
  readonly disabled?: boolean;
  readonly mono?: boolean;
}

/** A choice between several options. For two to four short options, prefer Segmented, which shows all of them. */
export function Select<T extends string>({
  value,
  options,
  onChange,
  placeholder = 'Choose…',
  disabled = false,
  mono = false,
  ...field
}: SelectProps<T>) {
  return (
    <Field {...field}>
      <Base.Root
        value={value ?? null}
        items={options.map(({ value: item, label }) => ({ value: item, label }))}
        onValueChange={(chosen) => {
          if (chosen !== null) {
            onChange(chosen);
          }
        }}
        disabled={disabled}
      >
        <Base.Trigger className={styles.trigger}>
          <Base.Value className={classes(styles.value, mono && 'mono')} placeholder={placeholder} />
          <Icon name="select" />
        </Base.Trigger>
        <Base.Portal>
          <Base.Positioner className={styles.positioner} sideOffset={4} align="start" alignItemWithTrigger={false}>
            <Base.Popup className={styles.popup}>
              <Base.List>
                {options.map((option) => (
                  <Base.Item
                    key={option.value}
                    value={option.value}
                    disabled={option.disabled}
                    className={classes(styles.item, mono && 'mono')}
                  >
                    <span className={styles.tick}>
                      <Base.ItemIndicator>
                        <Icon name="check" />
                      </Base.ItemIndicator>
                    </span>
                    <span className={styles.text}>
                      <Base.ItemText>{option.label}</Base.ItemText>
                      {option.hint && <span className={styles.hint}>{option.hint}</span>}
                    </span>
                  </Base.Item>
                ))}
              </Base.List>
            </Base.Popup>
          </Base.Positioner>
        </Base.Portal>
      </Base.Root>
    </Field>
  );
}

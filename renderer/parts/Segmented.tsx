import { Toggle } from '@base-ui/react/toggle';
import { ToggleGroup } from '@base-ui/react/toggle-group';
import { Icon, type IconName } from './Icon.tsx';
import styles from './Segmented.module.css';

export interface SegmentedProps<T extends string> {
  /** The name of the choice, for screen readers. */
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string; readonly icon?: IconName }[];
  readonly onChange: (value: T) => void;
}

/** A choice between a few options, all of them visible. Arrow keys move between them. */
export function Segmented<T extends string>({ label, value, options, onChange }: SegmentedProps<T>) {
  return (
    <ToggleGroup
      aria-label={label}
      value={[value]}
      onValueChange={([chosen]) => {
        // undefined if the current option is pressed again
        if (chosen !== undefined) {
          onChange(chosen);
        }
      }}
      className={styles.group}
    >
      {options.map((option) => (
        <Toggle key={option.value} value={option.value} className={styles.option}>
          {option.icon && <Icon name={option.icon} size={14} />}
          {option.label}
        </Toggle>
      ))}
    </ToggleGroup>
  );
}

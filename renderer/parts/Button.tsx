import { Button as BaseButton } from '@base-ui/react/button';
import type { MouseEvent, ReactNode, Ref } from 'react';
import styles from './Button.module.css';
import { classes } from './classes.ts';
import { Icon, type IconName } from './Icon.tsx';
import { Kbd } from './Kbd.tsx';
import { Spinner } from './Spinner.tsx';

export type ButtonKind = 'primary' | 'secondary' | 'quiet' | 'danger';
export type ButtonSize = 'small' | 'medium' | 'large';

export interface ButtonProps {
  /** The action as a verb and an object: `Remove from farm`, never `OK`. */
  readonly children: ReactNode;
  /** One primary button per view at most. `danger` is for the confirmation of an action that loses data. */
  readonly kind?: ButtonKind;
  readonly size?: ButtonSize;
  readonly icon?: IconName;
  /** Shown beside the label, as `Mod+Enter`. The shortcut itself needs a command. */
  readonly shortcut?: string;
  readonly disabled?: boolean;
  /** Why it cannot be used now, as a sentence. It is disabled, but keeps the focus, so that screen readers say it. */
  readonly reason?: string | undefined;
  /** For a button that turns something on and off: whether it is on. */
  readonly pressed?: boolean;
  /** Whether its action is running: it shows a spinner, keeps its width and the focus, and ignores clicks. */
  readonly busy?: boolean;
  /** The label while it is busy, beside the spinner: `Cancelling…`. Default: only the spinner. */
  readonly busyLabel?: string;
  readonly type?: 'button' | 'submit';
  readonly form?: string;
  readonly onClick?: (event: MouseEvent<HTMLElement>) => void;
  readonly className?: string;
  readonly ref?: Ref<HTMLElement>;
}

export function Button({
  children,
  kind = 'secondary',
  size = 'medium',
  icon,
  shortcut,
  reason,
  disabled = reason !== undefined,
  busy = false,
  busyLabel,
  pressed,
  type = 'button',
  className,
  ...rest
}: ButtonProps) {
  return (
    <BaseButton
      {...rest}
      type={type}
      disabled={disabled || busy}
      focusableWhenDisabled={busy || reason !== undefined}
      aria-description={reason}
      aria-busy={busy || undefined}
      aria-pressed={pressed}
      className={classes(
        styles.button,
        styles[kind],
        size !== 'medium' && styles[size],
        busy && busyLabel === undefined && styles.busy,
        className,
      )}
    >
      <span className={styles.label}>
        {busy && busyLabel !== undefined ? <Spinner /> : icon && <Icon name={icon} size={size === 'small' ? 14 : 16} />}
        {busy ? (busyLabel ?? children) : children}
        {shortcut && <Kbd keys={shortcut} onFill={kind === 'primary' && !disabled} />}
      </span>
      {busy && busyLabel === undefined && (
        <span className={styles.spinner}>
          <Spinner />
        </span>
      )}
    </BaseButton>
  );
}

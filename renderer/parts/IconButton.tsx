import { Button as BaseButton } from '@base-ui/react/button';
import type { ComponentProps } from 'react';
import styles from './Button.module.css';
import { classes } from './classes.ts';
import { Icon, type IconName } from './Icon.tsx';
import { Tooltip } from './Tooltip.tsx';

export interface IconButtonProps extends Omit<ComponentProps<'button'>, 'children' | 'className'> {
  readonly icon: IconName;
  /** The action, for screen readers and the tooltip. */
  readonly label: string;
  readonly shortcut?: string;
  readonly size?: 'small' | 'medium';
  readonly kind?: 'quiet' | 'secondary';
  readonly className?: string;
}

/** A button with an icon only. It accepts the props of a trigger, so that it can open a menu or popover. */
export function IconButton({
  icon,
  label,
  shortcut,
  size = 'medium',
  kind = 'quiet',
  className,
  ...rest
}: IconButtonProps) {
  return (
    <Tooltip text={label} shortcut={shortcut}>
      <BaseButton
        {...rest}
        aria-label={label}
        className={classes(styles.button, styles.icon, styles[kind], size === 'small' && styles.small, className)}
      >
        <Icon name={icon} size={size === 'small' ? 14 : 16} />
      </BaseButton>
    </Tooltip>
  );
}

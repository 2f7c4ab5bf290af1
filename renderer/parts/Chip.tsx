import type { ReactNode } from 'react';
import { formatPlatform } from '../../shared/format.ts';
import styles from './Chip.module.css';
import { classes } from './classes.ts';
import { Icon, type IconName } from './Icon.tsx';
import { Tooltip } from './Tooltip.tsx';

/** How a platform can be built: solid, hatched, outlined with the reason. `neutral` says nothing about it. */
export type ChipKind = 'native' | 'emulated' | 'impossible' | 'neutral';

const words: Readonly<Record<ChipKind, string>> = {
  native: 'native',
  emulated: 'emulated',
  impossible: 'nobody can build it',
  neutral: '',
};

export interface PlatformChipProps {
  readonly platform: string;
  readonly kind?: ChipKind;
  /** More, as `native on big-amd and pi4`; shown as a tooltip after the platform's full name. */
  readonly reason?: string | undefined;
  readonly small?: boolean;
  /** With this it is a button that is pressed or not; an impossible one may be pressed too, to see why. */
  readonly chosen?: boolean;
  readonly onToggle?: () => void;
}

/** A platform. Its word for the kind is in its name for screen readers and in the tooltip. */
export function PlatformChip({
  platform,
  kind = 'neutral',
  reason,
  small = false,
  chosen,
  onToggle,
}: PlatformChipProps) {
  const said = [platform, reason ?? words[kind]].filter(Boolean).join(' · ');
  const className = classes(
    styles.chip,
    styles[kind],
    small && styles.small,
    onToggle && (chosen ? styles.on : styles.off),
  );
  const content = (
    <>
      {onToggle && chosen && kind !== 'impossible' && <Icon name="check" size={12} />}
      {kind === 'impossible' && <Icon name="cross" size={12} />}
      {formatPlatform(platform)}
      {kind !== 'neutral' && <span className="visually-hidden">, {words[kind]}</span>}
    </>
  );
  return (
    <Tooltip text={said}>
      {onToggle ? (
        <button type="button" aria-pressed={chosen ?? false} onClick={onToggle} className={className}>
          {content}
        </button>
      ) : (
        <span className={className}>{content}</span>
      )}
    </Tooltip>
  );
}

export interface ChipProps {
  readonly children: ReactNode;
  readonly icon?: IconName;
  readonly kind?: ChipKind;
  readonly small?: boolean;
  /** With this it has a cross at its end; `removeLabel` says what that does: `Remove label team`. */
  readonly onRemove?: () => void;
  readonly removeLabel?: string;
}

/** A short word in a box: `default`, `rootless`, a filter. */
export function Chip({ children, icon, kind = 'neutral', small = false, onRemove, removeLabel = 'Remove' }: ChipProps) {
  return (
    <span className={classes(styles.chip, styles[kind], small && styles.small)}>
      {icon && <Icon name={icon} size={12} />}
      {children}
      {onRemove && (
        <button type="button" className={styles.remove} onClick={onRemove} aria-label={removeLabel}>
          <Icon name="cross" size={12} />
        </button>
      )}
    </span>
  );
}

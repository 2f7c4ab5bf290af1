import type { ReactNode } from 'react';
import { formatPlatform } from '../../shared/format.ts';
import styles from './Chip.module.css';
import { classes } from './classes.ts';
import { Icon, type IconName } from './Icon.tsx';
import { Tooltip } from './Tooltip.tsx';

/** Whether a platform can be built natively (solid), emulated (hatched) or not at all (outlined); `neutral` if unknown. */
export type ChipKind = 'native' | 'emulated' | 'impossible' | 'neutral';

/** @texts */
const kindTexts: Readonly<Record<ChipKind, string>> = {
  native: 'native',
  emulated: 'emulated',
  impossible: 'no node can build it',
  neutral: '',
};

export interface PlatformChipProps {
  readonly platform: string;
  readonly kind?: ChipKind;
  /** Shown as a tooltip after the full name of the platform, as `native on big-amd and pi4`. */
  readonly reason?: string | undefined;
  readonly small?: boolean;
  /** Whether the build is done without the platform if it fails. */
  readonly optional?: boolean;
  /** Whether the platform is chosen, for a chip with `onToggle`. */
  readonly chosen?: boolean;
  /** Makes the chip a toggle button. Impossible platforms can be chosen as well, which shows the reason. */
  readonly onToggle?: () => void;
}

/** A platform. The accessible name and the tooltip include the kind. */
export function PlatformChip({
  platform,
  kind = 'neutral',
  reason,
  small = false,
  optional = false,
  chosen,
  onToggle,
}: PlatformChipProps) {
  const tooltip = [platform, reason ?? kindTexts[kind]].filter(Boolean).join(' · ');
  const className = classes(
    styles.chip,
    styles[kind],
    small && styles.small,
    onToggle && (chosen ? styles.on : styles.off),
    optional && styles.isOptional,
  );
  const content = (
    <>
      {onToggle && chosen && kind !== 'impossible' && <Icon name="check" size={12} />}
      {kind === 'impossible' && <Icon name="cross" size={12} />}
      {formatPlatform(platform)}
      {optional && <span className={styles.optional}>optional</span>}
      {kind !== 'neutral' && <span className="visually-hidden">, {kindTexts[kind]}</span>}
    </>
  );
  return (
    <Tooltip text={tooltip}>
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
  /** Adds a button that removes the chip. */
  readonly onRemove?: () => void;
  /** The label of that button: `Remove label team`. */
  readonly removeLabel?: string;
}

/** A short text in a box: `default`, `rootless`, a filter. */
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

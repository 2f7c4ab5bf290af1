import { Menu as Base } from '@base-ui/react/menu';
import type { ComponentProps, ReactElement } from 'react';
import { classes } from './classes.ts';
import { Icon, type IconName } from './Icon.tsx';
import { Kbd } from './Kbd.tsx';
import styles from './Popup.module.css';

export type MenuItem =
  | {
      readonly label: string;
      readonly run: () => void;
      readonly icon?: IconName;
      readonly hint?: string;
      readonly shortcut?: string;
      readonly disabled?: boolean;
      /** The action loses data: the item is red. It should be the last item. */
      readonly danger?: boolean;
    }
  | 'separator';

export interface MenuProps {
  /** The button that opens it, as `<IconButton icon="more" label="More about api:1.4" />`. */
  readonly trigger: ReactElement<Record<string, unknown>>;
  readonly items: readonly MenuItem[];
  readonly align?: 'start' | 'end';
}

export function Menu({ trigger, items, align = 'end' }: MenuProps) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <MenuPopup items={items} sideOffset={4} align={align} />
    </Base.Root>
  );
}

interface MenuPopupProps extends Pick<ComponentProps<typeof Base.Positioner>, 'align' | 'anchor' | 'sideOffset'> {
  readonly items: readonly MenuItem[];
}

/** The popup of a menu, as a child of `Menu.Root` of Base UI. */
export function MenuPopup({ items, ...position }: MenuPopupProps) {
  return (
    <Base.Portal>
      <Base.Positioner className={styles.positioner} {...position}>
        <Base.Popup className={styles.popup} onContextMenu={(event) => event.preventDefault()}>
          {items.map((item, index) =>
            item === 'separator' ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: a separator has no other key
              <Base.Separator key={`separator ${index}`} className={styles.separator} />
            ) : (
              <Base.Item
                key={item.label}
                disabled={item.disabled}
                onClick={item.run}
                className={classes(styles.item, item.danger && styles.danger)}
              >
                {item.icon && <Icon name={item.icon} />}
                <span className={styles.text}>
                  {item.label}
                  {item.hint && <span className={styles.hint}>{item.hint}</span>}
                </span>
                {item.shortcut && <Kbd keys={item.shortcut} />}
              </Base.Item>
            ),
          )}
        </Base.Popup>
      </Base.Positioner>
    </Base.Portal>
  );
}

import { type KeyboardEvent, useEffect, useRef } from 'react';
import { formatBytes, formatCount, formatReferenceShort } from '../../../shared/format.ts';
import type { ManifestList } from '../../../shared/image.ts';
import { contextMenu } from '../../parts/context-menu.ts';
import type { MenuItem } from '../../parts/Menu.tsx';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { TextField } from '../../parts/TextField.tsx';
import styles from './Images.module.css';
import type { Footprint } from './storage.ts';

export interface ImageListProps {
  readonly lists: readonly ManifestList[];
  readonly footprints: ReadonlyMap<string, Footprint>;
  readonly selected: string | undefined;
  readonly filter: string;
  readonly onFilter: (text: string) => void;
  readonly onSelect: (reference: string) => void;
  /** The menu of an image. */
  readonly itemsOf: (reference: string) => readonly MenuItem[];
}

/** Lists references with their sizes. Arrow keys change the selection, also while the filter has the focus. */
export function ImageList({ lists, footprints, selected, filter, onFilter, onSelect, itemsOf }: ImageListProps) {
  const items = useRef<HTMLUListElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when the selection changes
  useEffect(() => {
    items.current?.querySelector('[aria-current]')?.scrollIntoView?.({ block: 'nearest' });
  }, [selected]);

  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    const at = lists.findIndex(({ reference }) => reference === selected);
    const targets: Readonly<Record<string, number>> = {
      ArrowDown: Math.min(lists.length - 1, at + 1),
      ArrowUp: Math.max(0, at - 1),
      ...(event.target instanceof HTMLInputElement ? {} : { Home: 0, End: lists.length - 1 }),
    };
    const index = targets[event.key];
    const next = index === undefined ? undefined : lists[index];
    if (index !== undefined && next) {
      event.preventDefault();
      onSelect(next.reference);
      const button = items.current?.children[index]?.firstElementChild;
      if (button instanceof HTMLElement) {
        button.focus();
      }
    }
  }

  return (
    <nav aria-label="Images" className={styles.list} onKeyDown={onKeyDown}>
      <div className={styles.filter}>
        <TextField
          label="Filter"
          hideLabel
          icon="search"
          placeholder="Reference, platform or digest"
          value={filter}
          onChange={onFilter}
        />
      </div>
      <ul ref={items} className={styles.items}>
        {lists.map(({ reference, createdAt, entries, missing }) => {
          const short = formatReferenceShort(reference);
          const isSelected = reference === selected;
          return (
            <li key={reference} className={styles.item} {...contextMenu(() => itemsOf(reference))}>
              <button
                type="button"
                className={styles.select}
                aria-current={isSelected || undefined}
                tabIndex={isSelected ? 0 : -1}
                title={reference}
                onClick={() => onSelect(reference)}
              >
                <span className={styles.itemLine}>
                  <span className={styles.itemName}>{short}</span>
                  <span className={styles.itemSize}>{formatBytes(footprints.get(reference)?.total ?? 0)}</span>
                </span>
                <span className={styles.itemLine}>
                  <span className={styles.itemRegistry}>
                    {short === reference ? 'no registry' : reference.slice(0, -short.length - 1)}
                  </span>
                  <span className={styles.itemFacts}>
                    <span className={styles.itemCount}>
                      {formatCount(entries.length, 'platform')}
                      {missing ? ' (incomplete)' : ''} ·{' '}
                    </span>
                    <RelativeTime time={createdAt} />
                  </span>
                </span>
              </button>
            </li>
          );
        })}
      </ul>
      <output className="visually-hidden">{filter && formatCount(lists.length, 'reference')}</output>
    </nav>
  );
}

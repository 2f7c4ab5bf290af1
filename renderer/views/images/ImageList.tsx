import { type KeyboardEvent, useEffect, useRef } from 'react';
import { formatBytes, formatCount, formatReferenceShort } from '../../../shared/format.ts';
import type { ManifestList } from '../../../shared/image.ts';
import { RelativeTime } from '../../parts/Quantity.tsx';
import { TextField } from '../../parts/TextField.tsx';
import styles from './Images.module.css';
import type { Footprint } from './storage.ts';

export interface ImageListProps {
  readonly lists: readonly ManifestList[];
  readonly footprints: ReadonlyMap<string, Footprint>;
  readonly chosen: string | undefined;
  readonly filter: string;
  readonly onFilter: (text: string) => void;
  readonly onChoose: (reference: string) => void;
}

/** References with what they are worth; arrow keys move through them, also from the filter. */
export function ImageList({ lists, footprints, chosen, filter, onFilter, onChoose }: ImageListProps) {
  const items = useRef<HTMLUListElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the chosen one is brought into sight when it changes
  useEffect(() => {
    items.current?.querySelector('[aria-current]')?.scrollIntoView?.({ block: 'nearest' });
  }, [chosen]);

  function move(event: KeyboardEvent<HTMLElement>): void {
    const at = lists.findIndex(({ reference }) => reference === chosen);
    const places: Readonly<Record<string, number>> = {
      ArrowDown: Math.min(lists.length - 1, at + 1),
      ArrowUp: Math.max(0, at - 1),
      ...(event.target instanceof HTMLInputElement ? {} : { Home: 0, End: lists.length - 1 }),
    };
    const place = places[event.key];
    const next = place === undefined ? undefined : lists[place];
    if (place !== undefined && next) {
      event.preventDefault();
      onChoose(next.reference);
      const button = items.current?.children[place]?.firstElementChild;
      if (button instanceof HTMLElement) {
        button.focus();
      }
    }
  }

  return (
    <nav aria-label="References" className={styles.list} onKeyDown={move}>
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
        {lists.map(({ reference, createdAt, entries }) => {
          const short = formatReferenceShort(reference);
          const isChosen = reference === chosen;
          return (
            <li key={reference} className={styles.item}>
              <button
                type="button"
                className={styles.choose}
                aria-current={isChosen || undefined}
                tabIndex={isChosen ? 0 : -1}
                title={reference}
                onClick={() => onChoose(reference)}
              >
                <span className={styles.itemLine}>
                  <span className={styles.itemName}>{short}</span>
                  <span className={styles.itemSize}>{formatBytes(footprints.get(reference)?.total ?? 0)}</span>
                </span>
                <span className={styles.itemLine}>
                  <span className={styles.itemPlace}>
                    {short === reference ? 'no registry' : reference.slice(0, -short.length - 1)}
                  </span>
                  <span className={styles.itemFacts}>
                    <span className={styles.itemCount}>{formatCount(entries.length, 'platform')} · </span>
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

import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from 'react';
import { classes } from './classes.ts';
import { IconButton } from './IconButton.tsx';
import { Menu } from './Menu.tsx';
import styles from './Tabs.module.css';

export interface TabsProps<T extends string> {
  /** The name of the row, for screen readers. */
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly id: T; readonly label: string }[];
  /** The id of the element that the tabs control. */
  readonly panelId: string;
  readonly onChoose: (value: T) => void;
}

/** So much of a tab has to be visible, since its edges may be at fractions of a pixel. */
const visiblePart = 0.95;

/** A row of tabs. Arrow keys choose the next one. A menu has those for which there is no room. */
export function Tabs<T extends string>({ label, value, options, panelId, onChoose }: TabsProps<T>) {
  const row = useRef<HTMLDivElement>(null);
  const selectedTab = useRef<HTMLButtonElement>(null);
  const hidden = useHiddenTabs(row, options.length);
  const others = options.filter((_, index) => hidden.has(index));
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when the selection changes
  useEffect(() => {
    selectedTab.current?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' });
  }, [value, others.length > 0]);

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>): void {
    const index = options.findIndex(({ id }) => id === value);
    const nextIndexes: Readonly<Record<string, number>> = {
      ArrowRight: (index + 1) % options.length,
      ArrowLeft: (index - 1 + options.length) % options.length,
      Home: 0,
      End: options.length - 1,
    };
    const nextIndex = nextIndexes[event.key] ?? -1;
    const next = options[nextIndex];
    if (next) {
      event.preventDefault();
      onChoose(next.id);
      const tab = event.currentTarget.children[nextIndex];
      if (tab instanceof HTMLElement) {
        tab.focus();
      }
    }
  }

  return (
    <div className={styles.bar}>
      <div ref={row} role="tablist" aria-label={label} className={styles.tabs} onKeyDown={onKeyDown} tabIndex={-1}>
        {options.map(({ id, label: text }, index) => (
          <button
            key={id}
            ref={id === value ? selectedTab : undefined}
            type="button"
            role="tab"
            aria-selected={id === value}
            aria-controls={id === value ? panelId : undefined}
            tabIndex={id === value ? 0 : -1}
            className={classes(styles.tab, hidden.has(index) && styles.hidden)}
            onClick={() => onChoose(id)}
          >
            {text}
          </button>
        ))}
      </div>
      {others.length > 0 && (
        <Menu
          trigger={<IconButton icon="more" label={`More: ${others.map(({ label: text }) => text).join(', ')}`} />}
          items={others.map(({ id, label: text }) => ({ label: text, run: () => onChoose(id) }))}
        />
      )}
    </div>
  );
}

/** The tabs of a row that are scrolled out of it, by their index. None, where that cannot be observed. */
function useHiddenTabs(row: RefObject<HTMLElement | null>, count: number): ReadonlySet<number> {
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  // biome-ignore lint/correctness/useExhaustiveDependencies: observes other elements when there are other tabs
  useEffect(() => {
    const root = row.current;
    if (typeof IntersectionObserver === 'undefined' || !root) {
      return undefined;
    }
    const tabs = [...root.children];
    const observer = new IntersectionObserver(
      (entries) =>
        setHidden((before) => {
          const next = new Set(before);
          for (const { target, intersectionRatio } of entries) {
            const index = tabs.indexOf(target);
            intersectionRatio < visiblePart ? next.add(index) : next.delete(index);
          }
          return next;
        }),
      { root, threshold: visiblePart },
    );
    for (const tab of tabs) {
      observer.observe(tab);
    }
    return () => observer.disconnect();
  }, [row, count]);
  return hidden;
}

import { type KeyboardEvent, useEffect, useRef } from 'react';
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

/** A row of tabs. Arrow keys choose the next one. */
export function Tabs<T extends string>({ label, value, options, panelId, onChoose }: TabsProps<T>) {
  const selectedTab = useRef<HTMLButtonElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when the selection changes
  useEffect(() => {
    selectedTab.current?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' });
  }, [value]);

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
    <div role="tablist" aria-label={label} className={styles.tabs} onKeyDown={onKeyDown} tabIndex={-1}>
      {options.map(({ id, label: text }) => (
        <button
          key={id}
          ref={id === value ? selectedTab : undefined}
          type="button"
          role="tab"
          aria-selected={id === value}
          aria-controls={id === value ? panelId : undefined}
          tabIndex={id === value ? 0 : -1}
          className={styles.tab}
          onClick={() => onChoose(id)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

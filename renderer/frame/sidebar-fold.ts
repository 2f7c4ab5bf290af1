import { useCallback, useSyncExternalStore } from 'react';
import { isFlag, recall, remembered, rememberValue, useRemembered } from '../stores/memory.ts';

/** Narrower windows have the sidebar folded until it is unfolded there. */
const narrow = '(max-width: 999px)';

const folds = {
  wide: remembered('sidebar.folded.wide', isFlag, false),
  narrow: remembered('sidebar.folded.narrow', isFlag, true),
};

/** Whether the sidebar shows icons only. Wide and narrow windows remember it apart. */
export function useSidebarFold(): { readonly isFolded: boolean; readonly toggle: () => void } {
  const isNarrow = useMedia(narrow);
  const fold = isNarrow ? folds.narrow : folds.wide;
  const isFolded = useRemembered(fold);
  const toggle = useCallback(() => rememberValue(fold, !recall(fold)), [fold]);
  return { isFolded, toggle };
}

function useMedia(query: string): boolean {
  return useSyncExternalStore(
    useCallback(
      (onChange) => {
        const media = window.matchMedia(query);
        media.addEventListener('change', onChange);
        return () => media.removeEventListener('change', onChange);
      },
      [query],
    ),
    () => window.matchMedia(query).matches,
  );
}

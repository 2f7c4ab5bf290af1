import { useEffect } from 'react';
import type { Settings } from '../../shared/contract.ts';
import { useSettings } from '../stores/settings.ts';

const key = 'theme';

function apply(theme: string): void {
  if (theme === 'light' || theme === 'dark') {
    document.documentElement.dataset.theme = theme;
  } else {
    delete document.documentElement.dataset.theme;
  }
}

/** The theme of the last time, so that the first picture is not in another one until the settings have been loaded. */
export function applyRememberedTheme(): void {
  apply(localStorage.getItem(key) ?? 'system');
}

/** Draws everything in the theme of the settings; the system's where they say so, also when that changes. */
export function useTheme(): void {
  const theme: Settings['theme'] = useSettings(({ settings }) => settings.theme);
  const loaded = useSettings(({ info }) => info !== undefined);
  useEffect(() => {
    if (loaded) {
      localStorage.setItem(key, theme);
      apply(theme);
    }
  }, [theme, loaded]);
}

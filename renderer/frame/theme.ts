import { useEffect } from 'react';
import type { Settings } from '../../shared/settings.ts';
import { useSettings } from '../stores/settings.ts';

const storageKey = 'theme';

function applyTheme(theme: string): void {
  if (theme === 'light' || theme === 'dark') {
    document.documentElement.dataset.theme = theme;
  } else {
    delete document.documentElement.dataset.theme;
  }
}

/** Applies the theme of the last session before the first render. The settings are loaded later. */
export function applyStoredTheme(): void {
  applyTheme(localStorage.getItem(storageKey) ?? 'system');
}

/** Applies the theme of the settings and follows its changes. `system` follows the color scheme of the system. */
export function useTheme(): void {
  const theme: Settings['theme'] = useSettings(({ settings }) => settings.theme);
  const isLoaded = useSettings(({ info }) => info !== undefined);
  useEffect(() => {
    if (isLoaded) {
      localStorage.setItem(storageKey, theme);
      applyTheme(theme);
    }
  }, [theme, isLoaded]);
}

import { useEffect } from 'react';
import type { Settings } from '../../shared/settings.ts';
import { useSettings } from '../stores/settings.ts';

/** Applies the theme of the settings and follows its changes. `system` follows the color scheme of the system. */
export function useTheme(): void {
  const theme: Settings['theme'] = useSettings(({ settings }) => settings.theme);
  const isLoaded = useSettings(({ info }) => info !== undefined);
  useEffect(() => {
    // until then the page has the theme that its server wrote into it
    if (!isLoaded) {
      return;
    }
    if (theme === 'system') {
      delete document.documentElement.dataset.theme;
    } else {
      document.documentElement.dataset.theme = theme;
    }
  }, [theme, isLoaded]);
}

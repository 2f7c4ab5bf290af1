import { nativeTheme } from 'electron';
import type { App } from '../app.ts';

/** Draws menus, dialogs and title bars in the theme of the settings. */
export async function followTheme(app: Pick<App, 'call' | 'subscribe'>): Promise<void> {
  app.subscribe((event) => {
    if (event.event === 'settings.changed') {
      nativeTheme.themeSource = event.settings.theme;
    }
  });
  const settings = await app.call('settings.get', {});
  if (settings.ok) {
    nativeTheme.themeSource = settings.value.theme;
  }
}

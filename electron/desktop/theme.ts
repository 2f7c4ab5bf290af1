import { nativeTheme } from 'electron';
import type { App } from '../app.ts';

/** Applies the theme of the settings to menus, dialogs and title bars, now and whenever it changes. */
export async function applyTheme(app: Pick<App, 'call' | 'subscribe'>): Promise<void> {
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

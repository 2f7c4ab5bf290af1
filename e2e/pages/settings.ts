import type { Locator, Page } from 'playwright';

export class SettingsPage {
  readonly title: Locator;

  constructor(page: Page) {
    this.title = page.getByRole('heading', { level: 1, name: 'Settings' });
  }
}

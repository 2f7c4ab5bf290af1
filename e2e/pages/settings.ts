import type { Locator, Page } from 'playwright';

export class SettingsPage {
  readonly title: Locator;
  readonly jobsPerNode: Locator;

  constructor(page: Page) {
    this.title = page.getByRole('heading', { level: 1, name: 'Settings' });
    this.jobsPerNode = page.getByRole('textbox', { name: 'Jobs per node' });
  }
}

import type { Locator, Page } from 'playwright';

/** The log of one platform, in the drawer. */
export class LogPanel {
  readonly drawer: Locator;
  readonly close: Locator;

  constructor(page: Page) {
    this.drawer = page.getByRole('complementary', { name: 'Log' });
    this.close = this.drawer.getByRole('button', { name: 'Close log' });
  }

  line(text: string | RegExp): Locator {
    return this.drawer.getByRole('log').getByText(text).first();
  }
}

import type { Locator, Page } from 'playwright';

/** The drawer with the log of one platform. */
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

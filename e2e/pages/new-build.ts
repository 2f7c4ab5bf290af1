import type { Locator, Page } from 'playwright';

/** A build from its project to the button that starts it. */
export class NewBuildSheet {
  readonly sheet: Locator;
  readonly image: Locator;
  readonly start: Locator;

  constructor(page: Page) {
    this.sheet = page.getByRole('dialog', { name: 'New build' });
    this.image = this.sheet.getByLabel('Image', { exact: true });
    this.start = this.sheet.getByRole('button', { name: 'Build', exact: true });
  }

  /** The chip of a platform, pressed or not. */
  platform(name: string): Locator {
    return this.sheet
      .getByRole('list', { name: 'Platforms to build' })
      .getByRole('button', { name: new RegExp(`^${name}\\b`) });
  }

  /** The line that says who builds a platform, once somebody was chosen. */
  assignment(platform: string): Locator {
    return this.sheet
      .getByRole('list', { name: 'Who builds what' })
      .getByRole('listitem')
      .filter({ has: this.sheet.page().getByRole('button', { name: new RegExp(`who builds ${platform}$`) }) });
  }
}

import type { Locator, Page } from 'playwright';
import { expect } from 'vitest';

/** The dialog that starts a build. */
export class NewBuildSheet {
  readonly sheet: Locator;
  readonly image: Locator;
  readonly start: Locator;
  readonly optionSearch: Locator;

  constructor(page: Page) {
    this.sheet = page.getByRole('dialog', { name: 'New build' });
    this.image = this.sheet.getByLabel('Image', { exact: true });
    this.optionSearch = this.sheet.getByRole('searchbox', { name: 'Search options' });
    this.start = this.sheet.getByRole('button', { name: 'Build', exact: true });
  }

  /** Enters the name of the image. The suggested one may be replaced by another between the selection of its text and the input. */
  async nameImage(reference: string): Promise<void> {
    await expect
      .poll(async () => {
        await this.image.fill(reference);
        return this.image.inputValue();
      })
      .toBe(reference);
  }

  /** The toggle button of a platform. */
  platform(name: string): Locator {
    return this.sheet
      .getByRole('list', { name: 'Platforms to build' })
      .getByRole('button', { name: new RegExp(`^${name}(?![\\w/])`) });
  }

  /** Finds an option by its flag, and goes to its first control. */
  async goToOption(flag: string): Promise<void> {
    await this.sheet.page().keyboard.press('Control+Shift+F');
    await this.optionSearch.fill(flag);
    await this.sheet.getByText(flag, { exact: true }).waitFor();
    await this.optionSearch.press('ArrowDown');
  }

  /** The row of a platform in the build plan, once a node is selected. */
  assignment(platform: string): Locator {
    return this.sheet
      .getByRole('list', { name: 'Build plan' })
      .getByRole('listitem')
      .filter({ has: this.sheet.page().getByRole('button', { name: new RegExp(`node for ${platform}$`) }) });
  }
}

import type { Locator, Page } from 'playwright';

/** The history of builds. */
export class BuildsPage {
  readonly grid: Locator;
  readonly filter: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.grid = page.getByRole('treegrid', { name: 'Builds' });
    this.filter = page.getByLabel('Filter builds');
  }

  /** The row of a build, by the name of its reference. */
  row(reference: string): Locator {
    return this.grid.getByRole('row').filter({ has: this.#page.getByText(reference, { exact: true }) });
  }

  /** The text of the row that has the keyboard focus. */
  async activeRow(): Promise<string> {
    const id = await this.grid.getAttribute('aria-activedescendant');
    return (await this.#page.locator(`[id="${id}"]`).textContent()) ?? '';
  }
}

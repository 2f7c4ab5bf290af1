import type { Locator, Page } from 'playwright';

/** The history. */
export class BuildsPage {
  readonly grid: Locator;
  readonly filter: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.grid = page.getByRole('treegrid', { name: 'Builds' });
    this.filter = page.getByLabel('Filter builds');
  }

  /** The line of a build, by what its reference ends with. */
  line(reference: string): Locator {
    return this.grid.getByRole('row').filter({ has: this.#page.getByText(reference, { exact: true }) });
  }

  /** The line that the keys act on. */
  async activeLine(): Promise<string> {
    const id = await this.grid.getAttribute('aria-activedescendant');
    return (await this.#page.locator(`[id="${id}"]`).textContent()) ?? '';
  }
}

import type { Locator, Page } from 'playwright';

/** The farm view. */
export class FarmPage {
  readonly chooseFolder: Locator;
  readonly newBuild: Locator;
  readonly coverage: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.chooseFolder = page.getByRole('button', { name: 'Choose a folder…' });
    this.newBuild = page.getByRole('button', { name: 'New build', exact: true });
    this.coverage = page.getByRole('list', { name: 'Platforms of this farm' });
  }

  title(name: string): Locator {
    return this.#page.getByRole('heading', { level: 1, name });
  }

  node(name: string): Locator {
    return this.#page.getByRole('article', { name });
  }
}

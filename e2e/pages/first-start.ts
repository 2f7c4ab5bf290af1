import type { Locator, Page } from 'playwright';

/** The view of the first start, where the user chooses machines to build on. */
export class FirstStartPage {
  readonly heading: Locator;
  readonly createFarm: Locator;
  readonly farmName: Locator;
  readonly coverage: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.heading = page.getByRole('heading', { name: 'Choose machines to build on' });
    this.createFarm = page.getByRole('button', { name: /^Create farm/ });
    this.farmName = page.getByLabel('Farm name');
    this.coverage = page.getByRole('list', { name: 'Platforms of this farm' });
  }

  engine(name: string): Locator {
    return this.#page.getByRole('switch', { name });
  }

  /** Waits for the platforms that an engine can build and resolves with their names. */
  async platformsOf(name: string): Promise<string> {
    return (await this.#page.getByRole('list', { name: `Platforms of ${name}` }).textContent()) ?? '';
  }
}

import type { Locator, Page } from 'playwright';

/** What can build for you? */
export class FirstStartPage {
  readonly question: Locator;
  readonly makeFarm: Locator;
  readonly farmName: Locator;
  readonly coverage: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.question = page.getByRole('heading', { name: 'What can build for you?' });
    this.makeFarm = page.getByRole('button', { name: /^Make a farm/ });
    this.farmName = page.getByLabel('Name of the farm');
    this.coverage = page.getByRole('list', { name: 'What this farm can build' });
  }

  engine(name: string): Locator {
    return this.#page.getByRole('switch', { name });
  }

  /** What an engine said it can build, once it has said so. */
  async platformsOf(name: string): Promise<string> {
    return (await this.#page.getByRole('list', { name: `Platforms of ${name}` }).textContent()) ?? '';
  }
}

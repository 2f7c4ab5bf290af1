import type { Locator, Page } from 'playwright';

/** The list of connections and the one that is chosen. */
export class ConnectionsPage {
  readonly list: Locator;
  readonly add: Locator;
  readonly uri: Locator;
  readonly name: Locator;
  readonly identity: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.list = page.getByRole('main').getByRole('navigation', { name: 'Connections' });
    this.add = page.getByRole('main').getByRole('button', { name: 'Add connection' }).first();
    this.uri = page.getByLabel('URI', { exact: true });
    this.name = page.getByLabel('Name', { exact: true });
    this.identity = page.getByLabel('Identity file');
  }

  entry(name: string): Locator {
    return this.list.getByRole('link', { name: new RegExp(name) });
  }

  details(name: string): Locator {
    return this.#page.getByRole('article', { name: `Connection ${name}` });
  }

  test(name: string): Locator {
    return this.details(name).getByRole('button', { name: 'Test', exact: true });
  }
}

import type { Locator, Page } from 'playwright';

/** The list of connections and the one that is chosen. */
export class ConnectionsPage {
  readonly list: Locator;
  readonly add: Locator;
  /** Shows what this computer knows of engines, where connections are added. */
  readonly found: Locator;
  readonly import: Locator;
  /** What the last import has done. */
  readonly imported: Locator;
  readonly undoImport: Locator;
  readonly uri: Locator;
  readonly name: Locator;
  readonly identity: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.list = page.getByRole('main').getByRole('navigation', { name: 'Connections' });
    this.add = page.getByRole('main').getByRole('button', { name: 'Add connection' }).first();
    this.found = page.getByRole('main').getByRole('button', { name: /^Found here/ });
    this.import = page.getByRole('main').getByRole('button', { name: /^Import \d/ });
    this.imported = page.getByText(/^Imported \d/);
    this.undoImport = page.getByRole('button', { name: 'Undo import' });
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

  /** That the last test of a connection has passed, and how. */
  passed(name: string): Locator {
    return this.details(name).getByText(/^(All \d+ stages passed|Passed with \d+ warnings?) in /);
  }

  /** A stage of the last test, as it is read: its name, how it is and what was found. */
  stage(name: string, stage: string): Locator {
    return this.details(name)
      .getByRole('listitem')
      .filter({ hasText: new RegExp(`^${stage}`) });
  }
}

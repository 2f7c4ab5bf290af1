import type { Locator, Page } from 'playwright';

/** The list of connections and the details of the selected one. */
export class ConnectionsPage {
  readonly list: Locator;
  readonly add: Locator;
  /** Shows the engines that were found on this computer, in the form that adds connections. */
  readonly discovered: Locator;
  readonly import: Locator;
  /** The result of the last import. */
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
    this.discovered = page.getByRole('main').getByRole('button', { name: /^Discovered/ });
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

  check(name: string): Locator {
    return this.details(name).getByRole('button', { name: 'Check', exact: true });
  }

  /** The result of a connection's last check, if it passed. */
  checkPassed(name: string): Locator {
    return this.details(name).getByText(/^(All \d+ stages passed|Passed with \d+ warnings?) in /);
  }

  /** A stage of the last check: its name, state and details. */
  stage(name: string, stage: string): Locator {
    return this.details(name)
      .getByRole('listitem')
      .filter({ hasText: new RegExp(`^${stage}`) });
  }
}

import type { Locator, Page } from 'playwright';

/** The registries, with the dialogs that add one and sign in to it. */
export class RegistriesPage {
  readonly rows: Locator;
  readonly manifestList: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.rows = page.getByRole('list', { name: 'Registries' });
    this.manifestList = page.getByRole('main').getByRole('button', { name: 'Manifest list…' });
  }

  row(name: string): Locator {
    return this.rows.getByRole('listitem').filter({ hasText: name }).first();
  }

  /** @param tls the label of the choice, such as `Plain HTTP` */
  async add(name: string, tls: string): Promise<void> {
    await this.#page.getByRole('main').getByRole('button', { name: 'Add registry…' }).click();
    const dialog = this.#page.getByRole('dialog', { name: 'Add a registry' });
    await dialog.getByLabel('Registry', { exact: true }).fill(name);
    await dialog.getByLabel('TLS').click();
    await this.#page.getByRole('option', { name: new RegExp(`^${tls}`) }).click();
    await dialog.getByRole('button', { name: 'Add registry' }).click();
    await dialog.waitFor({ state: 'hidden' });
  }

  signInDialog(name: string): Locator {
    return this.#page.getByRole('dialog', { name: `Sign in to ${name}` });
  }

  /** Fills and sends the dialog, which stays open where the registry refuses the login. */
  async signIn(name: string, username: string, password: string): Promise<void> {
    const dialog = this.signInDialog(name);
    if (!(await dialog.isVisible())) {
      await this.row(name)
        .getByRole('button', { name: /^Sign in/ })
        .click();
    }
    await dialog.getByLabel('Username').fill(username);
    await dialog.getByLabel('Password or token').fill(password);
    await dialog.getByRole('button', { name: 'Sign in' }).click();
  }

  async check(name: string): Promise<void> {
    await this.row(name)
      .getByRole('button', { name: /^Check/ })
      .click();
  }
}

/** The sheet that shows and changes a manifest list. */
export class ListSheet {
  readonly sheet: Locator;
  readonly entries: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.sheet = page.getByRole('dialog', { name: 'Manifest list' });
    this.entries = this.sheet.getByRole('list', { name: 'Entries' }).getByRole('listitem');
  }

  async show(name: string): Promise<void> {
    await this.sheet.getByLabel('List', { exact: true }).fill(name);
    await this.sheet.getByRole('button', { name: 'Show list' }).click();
  }

  /** Chooses an action of an entry. */
  async choose(entry: string, action: string): Promise<void> {
    await this.sheet.getByRole('button', { name: `More about ${entry}` }).click();
    await this.#page.getByRole('menuitem', { name: action }).click();
  }

  dialog(name: string | RegExp): Locator {
    return this.#page.getByRole('dialog', { name });
  }
}

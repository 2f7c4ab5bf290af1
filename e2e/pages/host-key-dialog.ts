import type { Locator, Page } from 'playwright';

/** Is this the host that I mean? */
export class HostKeyDialog {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  of(connection: string): Locator {
    return this.#page.getByRole('dialog', { name: `Is this ${connection}?` });
  }

  trust(connection: string): Locator {
    return this.of(connection).getByRole('button', { name: 'Trust and save' });
  }

  /** The whole text of the dialog, once it asks. */
  async asks(connection: string): Promise<string> {
    return (await this.of(connection).textContent()) ?? '';
  }
}

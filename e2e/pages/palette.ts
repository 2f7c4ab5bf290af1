import type { Locator, Page } from 'playwright';

/** The command palette. */
export class Palette {
  readonly input: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.input = page.getByRole('combobox', { name: 'Commands' });
  }

  async show(): Promise<void> {
    await this.#page.keyboard.press('Control+k');
    await this.input.waitFor();
  }

  /** Types a query, selects a command with the arrow key and runs it with Enter. */
  async run(query: string, label: string): Promise<void> {
    await this.show();
    await this.#page.keyboard.type(query);
    const option = this.#page.getByRole('option', { name: label, exact: true }).first();
    await option.waitFor();
    for (let presses = 0; (await option.getAttribute('aria-selected')) !== 'true'; presses += 1) {
      if (presses > 40) {
        throw new Error(`The arrow key does not reach ${label}.`);
      }
      await this.#page.keyboard.press('ArrowDown');
    }
    await this.#page.keyboard.press('Enter');
    await this.input.waitFor({ state: 'hidden' });
  }
}

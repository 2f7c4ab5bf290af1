import type { Locator, Page } from 'playwright';

/** Everything that can be done, by typing some of its letters. */
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

  /** Finds a command by typing, goes to it with the arrow key and runs it with Enter. */
  async run(words: string, label: string): Promise<void> {
    await this.show();
    await this.#page.keyboard.type(words);
    const option = this.#page.getByRole('option', { name: label, exact: true }).first();
    await option.waitFor();
    for (let presses = 0; (await option.getAttribute('aria-selected')) !== 'true'; presses += 1) {
      if (presses > 40) {
        throw new Error(`The arrow key does not lead to ${label}.`);
      }
      await this.#page.keyboard.press('ArrowDown');
    }
    await this.#page.keyboard.press('Enter');
    await this.input.waitFor({ state: 'hidden' });
  }
}

import type { Locator, Page } from 'playwright';

/** The live grid. */
export class BuildPage {
  readonly push: Locator;
  readonly rebuild: Locator;
  readonly cancel: Locator;
  /** What failed, with its last lines and the place in the Containerfile. */
  readonly failures: Locator;
  readonly result: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.push = page.getByRole('main').getByRole('button', { name: 'Push…' });
    this.rebuild = page.getByRole('button', { name: 'Rebuild…' });
    this.cancel = page.getByRole('main').getByRole('button', { name: 'Cancel', exact: true });
    this.failures = page.getByRole('region', { name: 'What failed' });
    this.result = page.getByRole('region', { name: 'Manifest list' });
  }

  title(reference: string): Locator {
    return this.#page.getByRole('heading', { level: 1, name: reference });
  }

  /** The button that is a platform's cell; its name says all of it in a sentence. */
  cell(platform: string): Locator {
    return this.#page
      .getByRole('list', { name: 'Platforms' })
      .getByRole('button', { name: new RegExp(`^${platform} on `) });
  }

  /** Waits for a platform's cell to say something. @param timeout in milliseconds */
  async says(platform: string, words: RegExp, timeout: number): Promise<void> {
    await this.cell(platform).filter({ hasText: words }).waitFor({ timeout });
  }

  /** The sentence about the whole build, as `Built 2 platforms in 12 s.` */
  headline(words: RegExp): Locator {
    return this.#page.getByText(words).first();
  }

  /** The id of the build on the screen. */
  get id(): string {
    return /#\/build\/([^?]+)/.exec(this.#page.url())?.[1] ?? '';
  }
}

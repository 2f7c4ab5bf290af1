import type { Locator, Page } from 'playwright';

/** The view of one build. */
export class BuildPage {
  readonly push: Locator;
  readonly rebuild: Locator;
  readonly cancel: Locator;
  /** The failed platforms, with the last lines of their logs and the line of the Containerfile. */
  readonly failures: Locator;
  readonly result: Locator;
  /** Shows the options that the build was started with. */
  readonly changedOptions: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.push = page.getByRole('main').getByRole('button', { name: 'Push…' });
    this.rebuild = page.getByRole('button', { name: 'Rebuild…' });
    this.cancel = page.getByRole('main').getByRole('button', { name: 'Cancel', exact: true });
    this.failures = page.getByRole('region', { name: 'Failures' });
    this.changedOptions = page.getByRole('button', { name: /^\d+ changed$/ });
    this.result = page.getByRole('region', { name: 'Manifest list' });
  }

  title(reference: string): Locator {
    return this.#page.getByRole('heading', { level: 1, name: reference });
  }

  /** A platform's cell. It is a button whose accessible name is a sentence with all of its content. */
  cell(platform: string): Locator {
    return this.#page
      .getByRole('list', { name: 'Platforms' })
      .getByRole('button', { name: new RegExp(`^${platform} on `) });
  }

  /** The button that shows the steps in another shape. */
  stepsAs(shape: 'By step' | 'By platform' | 'Table' | 'Graph'): Locator {
    return this.#page.getByRole('group', { name: 'Show steps' }).getByRole('button', { name: shape, exact: true });
  }

  /** A step in the graph. */
  graphStep(stage: string, name: RegExp): Locator {
    return this.#page.getByRole('list', { name: `Stage ${stage}`, exact: true }).getByRole('button', { name });
  }

  /** Waits until a platform's cell has a text. */
  async waitForCell(platform: string, text: RegExp, timeoutMs: number): Promise<void> {
    await this.cell(platform).filter({ hasText: text }).waitFor({ timeout: timeoutMs });
  }

  /** The sentence about the whole build, such as `Built 2 platforms in 12 s.` */
  headline(text: RegExp): Locator {
    return this.#page.getByText(text).first();
  }

  /** The id of the build that is open. */
  get id(): string {
    return /#\/build\/([^?]+)/.exec(this.#page.url())?.[1] ?? '';
  }
}

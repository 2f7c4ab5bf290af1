import type { Locator, Page } from 'playwright';

/** The images in local storage. */
export class ImagesPage {
  readonly list: Locator;
  readonly push: Locator;

  constructor(page: Page) {
    this.list = page.getByRole('navigation', { name: 'Images' });
    this.push = page.getByRole('main').getByRole('button', { name: 'Push…' });
  }

  reference(name: string): Locator {
    return this.list.getByRole('button', { name: new RegExp(name.replaceAll('.', '\\.')) });
  }
}

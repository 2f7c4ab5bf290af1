import type { Locator, Page } from 'playwright';

/** Chooses a folder on the computer that the app runs on. */
export class FolderDialog {
  readonly dialog: Locator;
  readonly path: Locator;
  readonly choose: Locator;

  constructor(page: Page) {
    this.dialog = page.getByRole('dialog', { name: 'Choose a project folder' });
    this.path = this.dialog.getByLabel('Path');
    this.choose = this.dialog.getByRole('button', { name: 'Choose this folder' });
  }

  folder(name: string): Locator {
    return this.dialog.getByRole('button', { name: new RegExp(`^${name}\\b`) });
  }

  /** That the folder it is in now can be built. */
  get containerfileFound(): Locator {
    return this.dialog.getByText('Containerfile found');
  }
}

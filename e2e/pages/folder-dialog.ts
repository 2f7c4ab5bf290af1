import type { Locator, Page } from 'playwright';

/** The dialog of the browser front end for a folder on the computer where the app runs. */
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

  /** Shown if the current folder contains a Containerfile. */
  get containerfileNotice(): Locator {
    return this.dialog.getByText('Project found');
  }
}

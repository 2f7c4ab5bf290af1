import type { Locator, Page } from 'playwright';

/** The way to a registry. */
export class PushSheet {
  readonly sheet: Locator;
  readonly destination: Locator;
  readonly insecure: Locator;
  readonly start: Locator;
  readonly close: Locator;
  /** It is there, with its digest. */
  readonly result: Locator;

  constructor(page: Page) {
    this.sheet = page.getByRole('dialog', { name: /^(Push|Pushing|Pushed|Could not push|Stopped pushing) / });
    this.destination = this.sheet.getByLabel('Destination');
    this.insecure = this.sheet.getByRole('switch', { name: 'Plain http or unverified TLS' });
    this.start = this.sheet.getByRole('button', { name: 'Push', exact: true });
    this.close = this.sheet.getByRole('button', { name: 'Close' }).last();
    this.result = this.sheet.getByRole('region', { name: 'Result' });
  }

  /** The digest of what was pushed, once it is there. */
  async digest(): Promise<string> {
    const text = (await this.result.textContent()) ?? '';
    return /sha256:[0-9a-f]{64}/.exec(text)?.[0] ?? '';
  }
}

import type { Locator, Page } from 'playwright';

/** The dialog that pushes to a registry. */
export class PushSheet {
  readonly sheet: Locator;
  readonly destination: Locator;
  readonly insecure: Locator;
  readonly start: Locator;
  readonly close: Locator;
  /** The pushed reference and its digest. */
  readonly result: Locator;

  constructor(page: Page) {
    this.sheet = page.getByRole('dialog', { name: /^(Push|Pushing|Pushed|Could not push|Cancelled push of) / });
    this.destination = this.sheet.getByLabel('Destination');
    this.insecure = this.sheet.getByRole('switch', { name: 'Allow HTTP or unverified TLS' });
    this.start = this.sheet.getByRole('button', { name: 'Push image', exact: true });
    this.close = this.sheet.getByRole('button', { name: 'Close' }).last();
    this.result = this.sheet.getByRole('region', { name: 'Result' });
  }

  /** Waits for the digest of the pushed list and resolves with it. */
  async digest(): Promise<string> {
    const text = (await this.result.textContent()) ?? '';
    return /sha256:[0-9a-f]{64}/.exec(text)?.[0] ?? '';
  }
}

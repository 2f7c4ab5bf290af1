import type { Locator, Page } from 'playwright';

/** The dialogs in which connections ask for host keys, passphrases and passwords. One is shown at a time. */
export class Questions {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  hostKey(name: string): Locator {
    return this.#page.getByRole('dialog', { name: `Trust the host key of ${name}?` });
  }

  trust(name: string): Locator {
    return this.hostKey(name).getByRole('button', { name: 'Trust and save' });
  }

  /** Waits for the question about a host key and resolves with its text. */
  async hostKeyText(name: string): Promise<string> {
    return (await this.hostKey(name).textContent()) ?? '';
  }

  /** @param path as in the title, such as `~/.ssh/id_ed25519` */
  passphrase(path: string): Locator {
    return this.#page.getByRole('dialog', { name: `Passphrase for ${path}` });
  }

  /** @param login `user@host` */
  password(login: string): Locator {
    return this.#page.getByRole('dialog', { name: `Password for ${login}` });
  }

  /** The prompts of a server's keyboard-interactive authentication. */
  signIn(name: string): Locator {
    return this.#page.getByRole('dialog', { name: `Sign in to ${name}` });
  }

  /** Fills in the fields of a question by their labels and submits it with Enter. */
  async answer(question: Locator, answers: Readonly<Record<string, string>>, options: { remember?: boolean } = {}) {
    let last: Locator | undefined;
    for (const [label, text] of Object.entries(answers)) {
      last = question.getByLabel(label, { exact: true });
      await last.fill(text);
    }
    if (options.remember) {
      await this.remember(question).check();
    }
    await last?.press('Enter');
  }

  remember(question: Locator): Locator {
    return question.getByRole('checkbox', { name: /Save in the system keychain/ });
  }

  cancel(question: Locator): Locator {
    return question.getByRole('button', { name: /^(Cancel sign-in|Refuse)$/ });
  }
}

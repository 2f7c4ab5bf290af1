import type { Locator, Page } from 'playwright';

/** What nodes want to know from a person: one question at a time, in one dialog. */
export class Questions {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** Is this the host that I mean? */
  hostKey(name: string): Locator {
    return this.#page.getByRole('dialog', { name: `Is this ${name}?` });
  }

  trust(name: string): Locator {
    return this.hostKey(name).getByRole('button', { name: 'Trust and save' });
  }

  /** The whole text of the question for a host key, once it is asked. */
  async hostKeyText(name: string): Promise<string> {
    return (await this.hostKey(name).textContent()) ?? '';
  }

  /** @param path as the title has it: `~/.ssh/id_ed25519` */
  passphrase(path: string): Locator {
    return this.#page.getByRole('dialog', { name: `Passphrase for ${path}` });
  }

  /** @param who `user@host` */
  password(who: string): Locator {
    return this.#page.getByRole('dialog', { name: `Password for ${who}` });
  }

  /** What a server asks in its own words. */
  signIn(name: string): Locator {
    return this.#page.getByRole('dialog', { name: `Sign in to ${name}` });
  }

  /** Types an answer into each of the fields of a question, by their labels, and sends them with Enter. */
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
    return question.getByRole('checkbox', { name: /Remember in the system/ });
  }

  cancel(question: Locator): Locator {
    return question.getByRole('button', { name: /^(Cancel sign-in|Refuse)$/ });
  }
}

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { fail } from '../../../shared/problem.ts';
import { type Remember, type Remembered, rememberedSchema } from '../../../shared/question.ts';
import { SettingsFile } from '../../settings/settings-file.ts';

/** Encrypts what only this person on this computer can decrypt again: the system's keychain. */
export interface Keychain {
  /** Why nothing can be kept, as a sentence for people; missing where it can. */
  readonly refusal?: string;
  encrypt(text: string): Promise<Buffer>;
  decrypt(encrypted: Buffer): Promise<string>;
}

const fileSchema = z.object({
  /** `encrypted` is base64 of what the vault has made. */
  secrets: z.array(rememberedSchema.extend({ encrypted: z.string() })),
});
type Secrets = z.infer<typeof fileSchema>;

/** What a person wants to be remembered for sign-ins, in `secrets.json`: what it is for, and what the vault has made of it. */
export class SecretStore {
  readonly #vault: Keychain;
  readonly #file: SettingsFile<Secrets>;

  /** @param folder where settings are kept. */
  constructor(folder: string, vault: Keychain) {
    this.#vault = vault;
    this.#file = new SettingsFile<Secrets>({
      path: join(folder, 'secrets.json'),
      version: 1,
      schema: fileSchema,
      empty: { secrets: [] },
      holds: 'remembered secrets',
    });
  }

  /** May something be remembered here? */
  get remember(): Remember {
    const { refusal } = this.#vault;
    return refusal === undefined ? { possible: true } : { possible: false, reason: refusal };
  }

  /** @throws Failure `settings.*` */
  async list(): Promise<Remembered[]> {
    return (await this.#file.read()).secrets.map(({ id, kind, subject }) => ({ id, kind, subject }));
  }

  /** Undefined where it is not remembered, or where the vault can make nothing of it any more. @throws Failure `settings.*` */
  async find(kind: Remembered['kind'], subject: string): Promise<string | undefined> {
    if (this.#vault.refusal !== undefined) {
      return undefined;
    }
    const { secrets } = await this.#file.read();
    const found = secrets.find((each) => each.kind === kind && each.subject === subject);
    if (!found) {
      return undefined;
    }
    try {
      return await this.#vault.decrypt(Buffer.from(found.encrypted, 'base64'));
    } catch {
      // the keychain was made anew, perhaps: the person is asked again
      return undefined;
    }
  }

  /** Remembers it in place of what was remembered before. @throws Failure `secrets.unavailable`, `settings.*` */
  async save(kind: Remembered['kind'], subject: string, secret: string): Promise<void> {
    const { refusal } = this.#vault;
    if (refusal !== undefined) {
      throw fail('secrets.unavailable', 'Nothing can be remembered here.', refusal);
    }
    let encrypted: string;
    try {
      encrypted = (await this.#vault.encrypt(secret)).toString('base64');
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      throw fail('secrets.unavailable', "The system's keychain did not encrypt it.", 'Unlock it and try again.', said);
    }
    await this.#file.update(({ secrets }) => ({
      secrets: [
        ...secrets.filter((each) => each.kind !== kind || each.subject !== subject),
        { id: randomUUID(), kind, subject, encrypted },
      ],
    }));
  }

  /** Forgets what fits, if anything does. Resolves with what it was. @throws Failure `settings.*` */
  async forget(fits: (remembered: Remembered) => boolean): Promise<readonly Remembered[]> {
    let gone: readonly Remembered[] = [];
    await this.#file.update((before) => {
      gone = before.secrets.filter(fits);
      return gone.length === 0 ? before : { secrets: before.secrets.filter((each) => !fits(each)) };
    });
    return gone;
  }
}

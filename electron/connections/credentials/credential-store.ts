import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { dataFormats } from '../../../shared/data-formats.ts';
import { fail } from '../../../shared/problem.ts';
import { type RememberedSecret, type RememberOption, rememberedSecretSchema } from '../../../shared/question.ts';
import { SettingsFile } from '../../settings/settings-file.ts';

/** Encrypts text so that only this user on this computer can decrypt it: the system's keychain. */
export interface Keychain {
  /** Why the keychain cannot be used, as a sentence for people; missing if it can. */
  readonly refusal?: string;
  encrypt(text: string): Promise<Buffer>;
  decrypt(encrypted: Buffer): Promise<string>;
}

export const secretsSchema = z.object({
  /** `encrypted` is the keychain's output in base64. */
  secrets: z.array(rememberedSecretSchema.extend({ encrypted: z.string() })),
});
type SecretsFile = z.infer<typeof secretsSchema>;

/** The saved passphrases and passwords in `secrets.json`, encrypted by the keychain. */
export class CredentialStore {
  readonly #keychain: Keychain;
  readonly #file: SettingsFile<SecretsFile>;

  /** @param folder the settings folder. */
  constructor(folder: string, keychain: Keychain) {
    this.#keychain = keychain;
    this.#file = new SettingsFile<SecretsFile>({
      format: dataFormats.secrets,
      folder,
      schema: secretsSchema,
      empty: { secrets: [] },
    });
  }

  /** Whether a secret can be saved. */
  get remember(): RememberOption {
    const { refusal } = this.#keychain;
    return refusal === undefined ? { possible: true } : { possible: false, reason: refusal };
  }

  /** @throws Failure `settings.*` */
  async list(): Promise<RememberedSecret[]> {
    return (await this.#file.read()).secrets.map(({ id, kind, subject }) => ({ id, kind, subject }));
  }

  /** Undefined if the secret is not saved, or the keychain can no longer decrypt it. @throws Failure `settings.*` */
  async find(kind: RememberedSecret['kind'], subject: string): Promise<string | undefined> {
    if (this.#keychain.refusal !== undefined) {
      return undefined;
    }
    const { secrets } = await this.#file.read();
    const saved = secrets.find((secret) => secret.kind === kind && secret.subject === subject);
    if (!saved) {
      return undefined;
    }
    try {
      return await this.#keychain.decrypt(Buffer.from(saved.encrypted, 'base64'));
    } catch {
      // the keychain may have been created anew; the caller then asks a person
      return undefined;
    }
  }

  /** Replaces the secret that is saved for the same subject. @throws Failure `secrets.unavailable`, `settings.*` */
  async save(kind: RememberedSecret['kind'], subject: string, secret: string): Promise<void> {
    const { refusal } = this.#keychain;
    if (refusal !== undefined) {
      throw fail('secrets.unavailable', 'Secrets cannot be saved here.', refusal);
    }
    let encrypted: string;
    try {
      encrypted = (await this.#keychain.encrypt(secret)).toString('base64');
    } catch (error) {
      throw fail(
        'secrets.unavailable',
        "The system's keychain could not encrypt the secret.",
        'Unlock the keychain, then try again.',
        error instanceof Error ? error.message : String(error),
      );
    }
    await this.#file.update(({ secrets }) => ({
      secrets: [
        ...secrets.filter((other) => other.kind !== kind || other.subject !== subject),
        { id: randomUUID(), kind, subject, encrypted },
      ],
    }));
  }

  /** Removes the secrets that match, if any. Resolves with the removed ones. @throws Failure `settings.*` */
  async forget(matches: (secret: RememberedSecret) => boolean): Promise<readonly RememberedSecret[]> {
    let removed: readonly RememberedSecret[] = [];
    await this.#file.update((before) => {
      removed = before.secrets.filter(matches);
      return removed.length === 0 ? before : { secrets: before.secrets.filter((secret) => !matches(secret)) };
    });
    return removed;
  }
}

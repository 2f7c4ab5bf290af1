/** The public keys whose signatures are trusted, in `trusted-keys.json`. They are copies: files may change. */
import { basename } from 'node:path';
import { z } from 'zod';
import type { CallRequest } from '../../shared/contract.ts';
import { dataFormats } from '../../shared/data-formats.ts';
import { fail } from '../../shared/problem.ts';
import { type TrustedKey, trustedKeySchema } from '../../shared/trusted-key.ts';
import { sanitizeLine } from '../../shared/untrusted-text.ts';
import { SettingsFile } from '../settings/settings-file.ts';
import { readKeyFile } from './key-files.ts';

export const trustedKeysSchema = z.object({ keys: z.array(trustedKeySchema).max(1000) });

export class TrustedKeys {
  readonly #file: SettingsFile<z.infer<typeof trustedKeysSchema>>;

  /** @param folder the settings folder. */
  constructor(folder: string) {
    this.#file = new SettingsFile({
      format: dataFormats.trustedKeys,
      folder,
      schema: trustedKeysSchema,
      empty: { keys: [] },
    });
  }

  /** By name. @throws Failure `settings.*` */
  async list(): Promise<TrustedKey[]> {
    return [...(await this.#file.read()).keys].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /**
   * Trusts the public key of a file. A private key counts as its public one.
   * @throws Failure `key.invalid`, `key.password`, `key.exists`, `settings.*`
   */
  async trust({ file, name, password }: CallRequest<'keys.trust'>): Promise<TrustedKey> {
    const { fingerprintOf, kindOf, readPublicKey } = await import('./signing/keys.ts');
    const key = await readPublicKey(await readKeyFile(file), file, password);
    const added: TrustedKey = {
      name: sanitizeLine(name ?? basename(file).replace(/\.(?:pub|key|pem)$/, ''), 100) || 'key',
      publicKey: key.export({ format: 'pem', type: 'spki' }).toString(),
      fingerprint: fingerprintOf(key),
      kind: kindOf(key),
      addedAt: new Date().toISOString(),
    };
    await this.#file.update((before) => {
      const same = before.keys.find((each) => each.name === added.name || each.fingerprint === added.fingerprint);
      if (same) {
        throw same.fingerprint === added.fingerprint
          ? fail('key.exists', `The key is trusted already, as ${same.name}.`, 'Nothing is to be done.')
          : fail('key.exists', `Another trusted key has the name ${same.name}.`, 'Choose another name.');
      }
      return { keys: [...before.keys, added] };
    });
    return added;
  }

  /** @throws Failure `key.unknown`, `settings.*` */
  async distrust({ name }: CallRequest<'keys.distrust'>): Promise<void> {
    await this.#file.update(({ keys }) => {
      if (keys.every((each) => each.name !== name)) {
        throw fail('key.unknown', `There is no trusted key ${sanitizeLine(name, 100)}.`, 'Run: barnraiser key list.');
      }
      return { keys: keys.filter((each) => each.name !== name) };
    });
  }
}

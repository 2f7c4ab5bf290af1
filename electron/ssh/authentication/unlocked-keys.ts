import { createHmac, generateKeySync } from 'node:crypto';
import type { PrivateKey } from './private-key.ts';

/** Few people have more key files. */
const maxKeys = 50;

/**
 * Keeps unlocked keys until the app ends. OpenSSH makes unlocking slow on purpose (bcrypt, some 0.6 s of a CPU each
 * time), and many nodes use the same key. The keys are stored where no heap snapshot shows them.
 */
export class UnlockedKeys {
  readonly #secret = generateKeySync('hmac', { length: 256 });
  readonly #keys = new Map<string, PrivateKey>();

  /**
   * The key in a file's content, or undefined where the passphrase is wrong.
   * @param unlock is called where this content was not unlocked with this passphrase before.
   */
  async getOrUnlock(
    content: Buffer,
    passphrase: string,
    unlock: () => Promise<PrivateKey | undefined>,
  ): Promise<PrivateKey | undefined> {
    // the length separates the content from the passphrase
    const id = createHmac('sha256', this.#secret).update(`${content.length} `).update(content).update(passphrase);
    const digest = id.digest('base64');
    const known = this.#keys.get(digest);
    if (known) {
      return known;
    }
    const key = await unlock();
    if (key) {
      const [oldest] = this.#keys.keys();
      if (this.#keys.size >= maxKeys && oldest !== undefined) {
        this.#keys.delete(oldest);
      }
      this.#keys.set(digest, key);
    }
    return key;
  }
}

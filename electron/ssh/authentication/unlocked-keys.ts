import { createHmac, generateKeySync } from 'node:crypto';
import type { PrivateKey } from './private-key.ts';

/** Few people have more key files than this. */
const most = 50;

/**
 * Keys that were unlocked, until the app is closed: OpenSSH makes it costly on purpose (bcrypt, some 0.6 s of a processor each
 * time), and many nodes are signed in to with the same key. What is kept lies where no snapshot of the heap shows it.
 */
export class UnlockedKeys {
  readonly #secret = generateKeySync('hmac', { length: 256 });
  readonly #keys = new Map<string, PrivateKey>();

  /**
   * The key in a file's content, or undefined where the passphrase does not fit.
   * @param unlock is called where this very file was not unlocked with this very passphrase before.
   */
  async find(
    content: Buffer,
    passphrase: string,
    unlock: () => Promise<PrivateKey | undefined>,
  ): Promise<PrivateKey | undefined> {
    // the length keeps the two apart
    const id = createHmac('sha256', this.#secret).update(`${content.length} `).update(content).update(passphrase);
    const digest = id.digest('base64');
    const known = this.#keys.get(digest);
    if (known) {
      return known;
    }
    const key = await unlock();
    if (key) {
      const [oldest] = this.#keys.keys();
      if (this.#keys.size >= most && oldest !== undefined) {
        this.#keys.delete(oldest);
      }
      this.#keys.set(digest, key);
    }
    return key;
  }
}
